"""The confusion matrix of a report as a picture: where its cells stand. The template draws them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from training.reports import Report

MOST = 30  # intents
CELL, GAP = 26, 2
LETTERS = 28  # of a name, the rest is cut
LETTER = 6.6  # its width
SLANT = 0.71  # names at the top are turned by 45 degrees


@dataclass(frozen=True)
class Name:
    x: int
    y: int
    text: str
    whole: str


@dataclass(frozen=True)
class Cell:
    """`strength`: 0.15 to 1, as the renderer wants it, without regard to the reader's language."""

    x: int
    y: int
    count: int
    strength: str
    right: str
    guessed: str

    @property
    def strong(self) -> bool:
        """So dark that what stands on it must be light."""
        return float(self.strength) > 0.6

    @property
    def confused(self) -> bool:
        return self.right != self.guessed

    @property
    def words(self) -> str:
        meaning = f"taken for {self.guessed or 'nothing'}" if self.confused else "understood"
        return f"{self.count} of {self.right} {meaning}"


@dataclass(frozen=True)
class ConfusionMatrix:
    """`left_out`: confused intents for which there was no room. `left`: where the names of rows end."""

    left: int
    width: int
    height: int
    rows: Sequence[Name]
    columns: Sequence[Name]
    cells: Sequence[Cell]
    left_out: int
    size: int = CELL - GAP
    middle: int = (CELL - GAP) // 2

    @property
    def beside(self) -> int:
        """The width of all but the names of rows, which stay in sight where the rest is moved."""
        return self.width - self.left


def confusion_matrix_of(report: Report) -> ConfusionMatrix | None:
    """Of the intents that were confused, the most confused where there is no room for all; None where none was."""
    labels = report["labels"]
    counts = {(labels[right], labels[guessed]): count for right, guessed, count in report["confusion"]}
    wrong = Counter[str]()
    for (right, guessed), count in counts.items():
        if right != guessed:
            wrong.update({right: count, guessed: count})
    if not wrong:
        return None
    names = sorted(name for name, _ in wrong.most_common(MOST))
    longest = max(min(len(name), LETTERS) for name in names)
    # Names of rows stand at the left, names of columns slanted at the top and beyond the right edge.
    left, top = round(longest * LETTER) + 12, round(longest * LETTER * SLANT) + 16
    at = {name: place * CELL for place, name in enumerate(names)}
    most = max(counts.values())
    cells = []
    for (right, guessed), count in sorted(counts.items()):
        if right in at and guessed in at:
            # By the root, so that a few confusions can be seen beside many messages that were understood.
            strength = f"{0.15 + 0.85 * (count / most) ** 0.5:.2f}"
            cells.append(Cell(left + at[guessed], top + at[right], count, strength, right, guessed))
    return ConfusionMatrix(
        left=left,
        width=left + len(names) * CELL + round(longest * LETTER * SLANT) + 8,
        height=top + len(names) * CELL + 4,
        rows=[Name(left - 8, top + y + CELL // 2, _cut(name), name) for name, y in at.items()],
        columns=[Name(left + x + CELL // 2, top - 8, _cut(name), name) for name, x in at.items()],
        cells=cells,
        left_out=len(wrong) - len(names),
    )


def _cut(name: str) -> str:
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
