"""SECURITY.md names the test behind each promise."""

import re

import pytest

from tests.running import ROOT

ROWS = [line.split("|") for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| ")]
PROMISES = [(row[1].strip(), row[-2]) for row in ROWS if row[1].strip() not in {"promise", "---"}]


def named(cell):
    """Files, and a part of a test's name; `::part` stands in the file that was named before."""
    path = ROOT
    for reference in re.findall(r"`([^`]+)`", cell):
        file, _, part = reference.partition("::")
        path = ROOT / "tests" / f"{file}.py" if file else path
        yield path, part


@pytest.mark.parametrize(("promise", "cell"), PROMISES, ids=[promise[:40] for promise, _ in PROMISES])
def test_it_names_tests_that_are_there(promise, cell):
    references = list(named(cell))
    assert references, promise
    for path, part in references:
        assert path.is_file(), path
        assert re.search(rf"def test_\w*{part}", path.read_text()), f"{path}::{part}"
