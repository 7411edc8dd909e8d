"""The file of known advisories names what is pinned, and `make lint` notices where it does not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from deploy.advisories import faults, pins
from tests.running import ROOT

WHOLE = {
    "package": "Some_Thing",
    "version": "1.0",
    "held_by": "rasa",
    "id": "CVE-2026-12345",
    "what": "It breaks.",
    "reach": "no",
    "why": "Nobody calls it.",
    "source": "https://example.com/",
}
pinned = pins("some-thing[extra]==1.0 \\\n    --hash=sha256:00\nother==2 ; python_version < '3.11'\n")


def test_it_names_what_is_pinned_today() -> None:
    done = subprocess.run([sys.executable, "-m", "deploy.advisories"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "-m deploy.advisories" in (ROOT / "Makefile").read_text()


def test_it_reads_pins_as_pip_does() -> None:
    assert pinned == {("some-thing", "1.0"), ("other", "2")}
    assert faults([WHOLE], pinned) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "1.1"}, "not pinned any more"),
        ({"package": "gone"}, "not pinned any more"),
        ({"id": "CVE-1"}, "no id of an advisory"),
        ({"why": " "}, "each a text"),
        ({"reach": "maybe"}, "reach is one of"),
        ({"source": "somewhere"}, "no address"),
    ],
)
def test_it_says_what_is_wrong_with_an_entry(change: dict[str, str], words: str) -> None:
    assert words in "\n".join(faults([{**WHOLE, **change}], pinned))


def test_it_wants_each_advisory_once() -> None:
    assert "twice" in "\n".join(faults([WHOLE, WHOLE], pinned))
