"""A foreign archive is tried out in a process of its own before anybody vouches for it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from assistant.engine import Archive, Limits, Model, ModelRefused, Progress
from assistant.engine.types import Engine

pytestmark = pytest.mark.rasa


def test_it_takes_an_archive_that_loads_and_parses(
    rasa_engine: Engine, trained: tuple[Archive, list[Progress]], tmp_path: Path
) -> None:
    archive = rasa_engine.inspect(trained[0].path)
    assert (archive.sha256, archive.size) == (trained[0].sha256, trained[0].size)
    assert archive.history_turns == trained[0].history_turns
    assert archive.memory > 100_000_000


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("vocabularies.json", b"broken"),
        (".skops", b"broken"),
        ("domain_provider/domain.yml", b"version: '3.1'\nslots: {a: {type: subprocess.Popen, mappings: []}}\n"),
    ],
)
def test_it_refuses_an_archive_with_a_broken_part(
    rasa_engine: Engine, sample: Model, tmp_path: Path, part: str, content: bytes
) -> None:
    broken = _with(part, content, sample.path, tmp_path / "broken.tar.gz")
    with pytest.raises(ModelRefused) as refusal:
        rasa_engine.inspect(broken)
    assert "\n" not in refusal.value.message
    assert "/tmp" not in refusal.value.message


def test_it_refuses_an_archive_that_needs_too_much_memory(rasa_engine: Engine, sample: Model) -> None:
    with pytest.raises(ModelRefused, match=r"needed more than 0\.1 GB of memory"):
        rasa_engine.inspect(sample.path, Limits(memory=100 * 1024**2))


def _with(part: str, content: bytes, source: Path, target: Path) -> Path:
    found = False
    with tarfile.open(source) as good, tarfile.open(target, "w:gz") as bad:
        for member in good:
            written = good.extractfile(member).read() if member.isfile() else b""
            if member.name.endswith(part):
                written, found = content, True
            member.size = len(written)
            bad.addfile(member, io.BytesIO(written))
    assert found
    return target
