"""The one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """Times in milliseconds. `cpu_ms` by role is per answered message.

    `strangers`: the share of the machine that processes took which do not belong to the measurement.
    """

    stand: str
    model: str
    channel: str
    shape: str
    messages: int
    seconds: float
    per_second: float
    p50: float
    p95: float
    p99: float
    errors: Mapping[str, int]
    rss_mb: Mapping[str, float]
    pss_mb: float
    cpu_ms: Mapping[str, float]
    strangers: float
    numbers: Mapping[str, float]


_TITLES = ("stand", "model", "channel", "load", "messages", "msg/s", "p50", "p95", "p99", "errors", "RSS MB", "PSS MB")
_WIDTHS = (15, 7, 7, 17, 8, 7, 7, 8, 8, 6, 7, 7)


def _columns(cells: tuple[object, ...]) -> str:
    return " ".join(
        f"{cell!s:<{width}}" if number < 4 else f"{cell!s:>{width}}"
        for number, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True))
    )


HEAD = f"{_columns(_TITLES)}  others  CPU ms per message"


def line(row: Row) -> str:
    cells = (
        *(row.stand, row.model, row.channel, row.shape, row.messages, row.per_second, row.p50, row.p95, row.p99),
        *(sum(row.errors.values()), round(sum(row.rss_mb.values())), round(row.pss_mb)),
    )
    cpu = " ".join(f"{role} {spent:g}" for role, spent in row.cpu_ms.items() if spent >= 0.005)
    text = f"{_columns(cells)}  {row.strangers:>5.0%}   {cpu}"
    if "ratio" in row.numbers:
        text += "  late/early {late_ms:g}/{early_ms:g} ms = {ratio:g}x".format(**row.numbers)
    return text + (f"  {dict(row.errors)}" if row.errors else "")


def summary(rows: list[Row]) -> list[str]:
    return [*_ratios(rows)]


def _ratios(rows: list[Row]) -> Iterator[str]:
    """Ours against `rasa run` on the like database, at the same load."""
    pairs = {"embedded": "rasa-sqlite", "distributed": "rasa-postgresql"}
    theirs = {(row.stand, row.shape): row for row in rows if row.stand.startswith("rasa-")}
    for row in rows:
        other = theirs.get((pairs.get(row.stand, ""), row.shape)) or theirs.get(("rasa-sqlite", row.shape))
        if row.stand in pairs and other and row.shape.startswith("closed"):
            ratio = row.per_second / other.per_second
            yield f"{row.stand} {row.model} {row.channel}, {row.shape}: {ratio:.1f}x the messages/s of {other.stand}"
