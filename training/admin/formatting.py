"""Numbers as the pages show them. Coordinates are text: a number in a template follows the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

KINDS = {
    "train": "Training",
    "evaluate": "Evaluation",
    "cross_validate": "Cross-validation",
    "check_upload": "Check of an upload",
}
SLOTS = 100  # units of width that a bar has, as the template's viewBox says


@dataclass(frozen=True)
class IntervalBar:
    """A share with its 95% interval."""

    value: float
    low: float
    high: float

    @property
    def percent(self) -> str:
        """Whole numbers say that it is none or all."""
        return f"{self.value:.0%}" if self.value in (0, 1) else f"{self.value:.1%}"

    @property
    def between(self) -> str:
        """The interval in words."""
        return f"{self.low:.0%} to {self.high:.0%}"

    @property
    def x(self) -> str:
        """Where the interval begins."""
        return f"{self.low * SLOTS:.2f}"

    @property
    def width(self) -> str:
        """Of the interval; never so thin that it can't be seen."""
        return f"{max(self.high - self.low, 0.01) * SLOTS:.2f}"

    @property
    def at(self) -> str:
        """Where the dot of the share is: whole, also at the ends."""
        return f"{min(max(self.value * SLOTS, 3), SLOTS - 3):.2f}"


def interval_bar(interval: Sequence[float] | None) -> IntervalBar | None:
    """Of a share, its low and its high end."""
    return IntervalBar(*interval) if interval else None


def job_title(kind: str) -> str:
    """What a kind of job is called."""
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


def duration(seconds: float) -> str:
    """`3.2 s`, `1 m 05 s`, `2 h 10 m`."""
    # An int was counted in whole seconds: `3.0 s` would pretend to be exact.
    if seconds < 10 and isinstance(seconds, float):
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} m"


def seconds_between(start: datetime | None, end: datetime | None) -> float:
    """Until now, where it has no end yet; 0 where it has not begun."""
    return max(0.0, ((end or timezone.now()) - start).total_seconds()) if start else 0.0


def intent_rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a report's intents with bars, the worst first; last those that no message has."""
    rows = [
        {
            **row,
            **{name: interval_bar(row[name]) for name in ("precision", "recall", "f1")},
            "missed": row["support"] - row["hits"],
        }
        for row in report["intents"]
    ]
    return sorted(rows, key=lambda row: (not row["support"], row["f1"].value if row["f1"] else 2.0, row["name"]))
