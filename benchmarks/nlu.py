"""How well questions are understood: `python -m benchmarks.nlu` prints one table and writes results/nlu.json.

Rasa's default pipeline takes minutes: `--measure-rasa` measures it and keeps it in results/nlu_rasa_default.json, where
its rows are read from otherwise. The CLINC150 slice is read from the folder FRONTDESK_DATA names.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

import django

from benchmarks.nlu_data import Questions, clinc_slice, starter
from benchmarks.nlu_entrants import ENTRANTS, RasaDefault
from benchmarks.nlu_measures import Row, measure

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
KEPT = RESULTS / "nlu_rasa_default.json"
HEAD = ("questions", "classifier", "in scope", "95 % interval", "AUROC", "oos @ 5 %", "train s", "ms/message")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--measure-rasa", action="store_true", help="measure Rasa's default pipeline too (minutes)")
    if arguments.parse_args().measure_rasa:
        _keep(KEPT, [measure(RasaDefault(), each) for each in _questions()])
    rows = [measure(entrant(), each) for each in _questions() for entrant in ENTRANTS]
    rows += [Row(**row) for row in json.loads(KEPT.read_text())] if KEPT.exists() else []
    _keep(RESULTS / "nlu.json", rows)
    _show(sorted(rows, key=lambda row: row.questions))


def _questions() -> list[Questions]:
    data = Path(os.environ.get("FRONTDESK_DATA", ROOT.parent / "shared" / "data"))
    sets = [clinc_slice(data / "nlu" / "clinc_slice.json"), starter(ROOT)]
    return [each for each in sets if each]


def _keep(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


def _show(rows: list[Row]) -> None:
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cells(row: Row) -> tuple[str, ...]:
    low, high = row.interval
    interval = f"{low:.1%} - {high:.1%}"
    rates = (f"{row.accuracy:.1%}", interval, f"{row.auroc:.3f}", f"{row.recall:.1%}")
    return (row.questions, row.classifier, *rates, f"{row.train_seconds:.1f}", f"{row.message_ms:.1f}")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assistant.settings")
    django.setup()
    main()
