"""The files of a plain Rasa 3 project: which of a folder's files belong to it, and the texts of those."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

MAX_FILE = 5 * 1024**2  # bytes
MAX_PROJECT = 30 * 1024**2  # bytes
MAX_FILES = 10_000
MAX_PATH = 255  # characters
YAML = (".yml", ".yaml")
AT_THE_TOP = {"config": "config.yml", "domain": "domain.yml"}
FOLDERS = ("domain", "data", "tests")
NOT_OURS = {
    "endpoints": "this server's own settings take the place of its endpoints",
    "credentials": "it holds secrets, and channels are connected in this server's settings",
}
NOT_ENTERED = {"node_modules", "venv", "env", "models", "results"}  # at the top


@dataclass(frozen=True)
class Notice:
    """A word on a file. `line` counts from 1 (0: all of the file); `blocks`: the bot can't be trained so."""

    path: str
    text: str
    line: int = 0
    blocks: bool = False


@dataclass
class Project:
    """`files`: YAML texts by path, as a Bundle has them; `summaries`: a few words on each of them."""

    files: dict[str, str] = field(default_factory=dict)
    summaries: dict[str, str] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)

    @property
    def trainable(self) -> bool:
        return not any(notice.blocks for notice in self.notices)

    def add(self, place: str, name: str, text: str) -> None:
        """Rasa reads one domain: domain.yml, or else the folder domain/. Files at the top are added first."""
        if place in self.files:
            self.notice(name, f"left out: the project has a {place} too")
        elif place.startswith("domain/") and AT_THE_TOP["domain"] in self.files:
            self.notice(name, "left out: with a domain.yml, Rasa does not read domain/")
        else:
            self.files[place] = text

    def notice(self, path: str, text: str, line: int = 0, *, blocks: bool = False) -> None:
        self.notices.append(Notice(path, text, line, blocks))


class TooLarge(Exception):
    pass


def read_files(root: Path) -> tuple[Project, dict[str, str]]:
    """The project's YAML, and its Python by path. Links that lead out of `root` are not followed. Raises TooLarge."""
    project, python, total = Project(), dict[str, str](), 0
    for path in _walk(root):
        name = path.relative_to(root).as_posix()
        place = place_in_bundle(name)
        if path.is_dir() or (not place and path.suffix != ".py"):
            if reason := _why_not_ours(path, name):
                text, blocks = reason
                project.notice(name, f"left out: {text}", blocks=blocks)
            continue
        text = _read(project, root, path, name)
        total += len(text)
        if total > MAX_PROJECT:
            raise TooLarge(f"The project has more than {MAX_PROJECT // 1024**2} MB of text.")
        if path.suffix == ".py":
            python[name] = text
        elif text:
            project.add(place, name, text)
    return project, python


def place_in_bundle(name: str) -> str:
    """Where a bundle keeps the file; empty for what does not belong in it."""
    path = PurePosixPath(name)
    if path.suffix not in YAML:
        return ""
    if len(path.parts) == 1:
        return AT_THE_TOP.get(path.stem, "")
    return name if path.parts[0] in FOLDERS else ""


def _walk(root: Path) -> Iterator[Path]:
    """All files, and links to folders. What is hidden is passed over, and so are other programs' folders."""

    def refuse(error: OSError) -> None:
        raise error

    count = 0
    for folder, names, files in os.walk(root, onerror=refuse):
        skipped = NOT_ENTERED if Path(folder) == root else set()
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in skipped)
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        for name in sorted(links + [file for file in files if not file.startswith(".")]):
            count += 1
            if count > MAX_FILES:
                raise TooLarge(f"The folder has more than {MAX_FILES} files.")
            yield Path(folder) / name


def _why_not_ours(path: Path, name: str) -> tuple[str, bool] | None:
    """In words, and whether that stands in the way of training; None for what nobody expects to come along."""
    top = name.partition("/")[0]
    if name == path.name and path.suffix in YAML and path.stem in NOT_OURS:
        return NOT_OURS[path.stem], False
    if path.is_dir():
        return "links to folders are not followed", top in FOLDERS
    if top in ("data", "domain") and path.suffix == ".md":
        return "Markdown of Rasa 1; Rasa 2's `rasa data convert` turns it into YAML", True
    if top in FOLDERS:
        return "only YAML is read", False
    if path.suffix in YAML:
        return "not one of config.yml, domain.yml, domain/, data/, tests/", False
    return None


def _read(project: Project, root: Path, path: Path, name: str) -> str:
    """Empty, with a notice, for a file that is not read."""
    trouble = _trouble_with(root, path, name)
    try:
        text = "" if trouble else path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text, trouble = "", "it is not UTF-8"
    if trouble or not text.strip():
        project.notice(name, f"left out: {trouble or 'it is empty'}", blocks=bool(trouble) and path.suffix in YAML)
    return text if text.strip() else ""


def _trouble_with(root: Path, path: Path, name: str) -> str:
    """Looked at before anything of the file is read."""
    if not os.access(path, os.R_OK):
        return "it can't be read"
    if not path.resolve().is_relative_to(root):
        return "a link that leads out of the project"
    if not path.is_file():
        return "not a file"
    if path.stat().st_size > MAX_FILE:
        return f"larger than {MAX_FILE // 1024**2} MB"
    return "its path is too long" if len(name) > MAX_PATH else ""
