"""The model of the fake engine: what it learns of a bundle, and the archive it keeps that in."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import yaml

from assistant.engine import archives
from assistant.engine.entity_markup import BadMarkup, parse_markup
from assistant.engine.errors import ModelRefused, TrainingFailed
from assistant.engine.types import Bundle, Json, Labelled, Model

YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class FakeModel:
    """`examples`: `[text, intent, entities]`; `rules`: intent -> action; `responses`: name -> its first text."""

    examples: list[tuple[str, str, list[Json]]] = field(default_factory=list)
    rules: dict[str, str] = field(default_factory=dict)
    responses: dict[str, str] = field(default_factory=dict)

    def known(self, text: str) -> tuple[str, list[Json]] | None:
        """The intent and the entities of an example with this text, or of a button's payload. The last one taught
        counts."""
        return self._by_text.get(_plain(text))

    def nearest(self, text: str) -> list[tuple[str, float]]:
        """Intents by the example that shares most words, best first."""
        words, best = _words(text), dict.fromkeys(sorted({intent for _, intent, _ in self.examples}), 0.0)
        for said, intent, _ in self.examples:
            others = _words(said)
            best[intent] = max(best[intent], len(words & others) / max(len(words | others), 1))
        return sorted(best.items(), key=lambda each: -each[1])

    def answer(self, intent: str) -> tuple[str, str] | None:
        """The action and its text."""
        action = self.rules.get(intent, f"utter_{intent}")
        return (action, self.responses[action]) if action in self.responses else None

    @cached_property
    def _by_text(self) -> dict[str, tuple[str, list[Json]]]:
        payloads: dict[str, tuple[str, list[Json]]] = {f"/{intent}": (intent, []) for _, intent, _ in self.examples}
        return payloads | {_plain(text): (intent, entities) for text, intent, entities in self.examples}

    def labelled(self) -> list[Labelled]:
        """Its examples."""
        return [Labelled(text, intent, entities) for text, intent, entities in self.examples]


def train(bundle: Bundle) -> FakeModel:
    """Raises TrainingFailed for YAML that is none."""
    model = FakeModel()
    for path, text in bundle.files.items():
        if not path.endswith((".yml", ".yaml")):
            continue
        content = _read(path, text)
        for item in content.get("nlu") or ():
            model.examples.extend(_examples(item))
        for rule in content.get("rules") or ():
            steps = rule.get("steps") or ()
            intent = next((step["intent"] for step in steps if "intent" in step), None)
            action = next((step["action"] for step in steps if "action" in step), None)
            if intent and action:
                model.rules[intent] = action
        for name, variations in (content.get("responses") or {}).items():
            if variations and variations[0].get("text"):
                model.responses[name] = variations[0]["text"]
    return model


def directives(bundle: Bundle) -> Json:
    """`fake:` of config.yml: `{seconds, steps, fail}`."""
    return dict(_read("config.yml", bundle.files.get("config.yml", "")).get("fake") or {})


def write(path: Path, bundle: Bundle, model: FakeModel) -> None:
    """The model's archive."""
    content = json.dumps({"fake": True, "files": sorted(bundle.files), "bot": asdict(model)}).encode()
    member = tarfile.TarInfo(archives.METADATA)
    member.size = len(content)
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(member, io.BytesIO(content))


def load(model: Model) -> FakeModel:
    """A model without a file knows nothing. Raises ModelRefused for a file that is not the recorded one."""
    if not model.path.is_file():
        return FakeModel()
    return _load(model, model.path.stat().st_mtime_ns)


def read(path: Path) -> FakeModel:
    """Raises ModelRefused for a file that the fake engine did not write."""
    metadata = archives.metadata_of(path)
    if metadata.get("fake") is not True:
        raise ModelRefused("The archive was not made by the fake engine.")
    return FakeModel(**metadata["bot"])


@lru_cache(maxsize=32)
def _load(model: Model, changed: int) -> FakeModel:
    archives.verify(model)
    return read(model.path)


def _read(path: str, text: str) -> Json:
    try:
        content = yaml.load(text, Loader=YAML)  # noqa: S506  both are safe loaders
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise TrainingFailed(f"{path}, line {line}: this is not valid YAML ({error.problem}).") from error
    return content if isinstance(content, dict) else {}


def _examples(item: Json) -> Iterator[tuple[str, str, list[Json]]]:
    if "intent" not in item:
        return
    intent, examples = str(item["intent"]).partition("/")[0], item.get("examples") or ()
    if isinstance(examples, str):
        lines = [line.strip()[1:] for line in examples.splitlines() if line.strip().startswith("-")]
    else:
        lines = [str(each.get("text", "") if isinstance(each, dict) else each) for each in examples]
    for line in map(str.strip, lines):
        try:
            text, entities = parse_markup(line)
        except BadMarkup:
            text, entities = line, []
        if text:
            yield text, intent, entities


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


@lru_cache(maxsize=10_000)
def _words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text.casefold()))
