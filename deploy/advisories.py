"""Hold deploy/advisories.yml against what is pinned: `python -m deploy.advisories`. Asks nobody, needs no network."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
FIELDS = {"package", "version", "held_by", "id", "what", "reach", "why", "source"}
REACH = {"no", "staff", "dev"}
ID = re.compile(r"(CVE-\d{4}-\d{4,}|GHSA(-[23456789cfghjmpqrvwx]{4}){3}|PYSEC-\d{4}-\d+)")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.M)


def main() -> None:
    """Ends with what is wrong, or 0."""
    entries = yaml.safe_load((ROOT / "deploy/advisories.yml").read_text())
    files = sorted([*ROOT.glob("requirements*.txt"), ROOT / "deploy/uv.txt"])
    problems = faults(entries, pins("\n".join(path.read_text() for path in files)))
    sys.exit("\n".join(problems) if problems else 0)


def pins(text: str) -> set[tuple[str, str]]:
    """Names, normalised, and versions."""
    return {(_normal(name), version) for name, version in PIN.findall(text)}


def faults(entries: list[dict[str, str]], pinned: set[tuple[str, str]]) -> list[str]:
    """In words; empty where each entry is whole, names what is pinned, and stands there once."""
    problems, seen = [], set()
    for number, entry in enumerate(entries, 1):
        name = f"advisories.yml, entry {number} ({entry.get('package')} {entry.get('id')})"
        if set(entry) != FIELDS or not all(isinstance(value, str) and value.strip() for value in entry.values()):
            problems.append(f"{name}: needs {', '.join(sorted(FIELDS))}, each a text.")
            continue
        if entry["reach"] not in REACH:
            problems.append(f"{name}: reach is one of {', '.join(sorted(REACH))}.")
        if not ID.fullmatch(entry["id"]):
            problems.append(f"{name}: {entry['id']} is no id of an advisory.")
        if not entry["source"].startswith("https://"):
            problems.append(f"{name}: the source is no address.")
        if (_normal(entry["package"]), entry["version"]) not in pinned:
            problems.append(f"{name}: {entry['version']} is not pinned any more. Look at it again, or take it out.")
        if (entry["package"], entry["id"]) in seen:
            problems.append(f"{name}: stands there twice.")
        seen.add((entry["package"], entry["id"]))
    return problems


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
