"""Files and rows, put together: nothing gets lost, and Rasa reads what was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.engine.bundles import check_bundle
from training.bundles import (
    RenamedIntent,
    TrainingData,
    TrainingExample,
    build_bundle,
    build_training_set,
    compare_training_sets,
    training_data_in,
)
from training.bundles.starter import starter_bundle
from training.importing import read_project

HERE = Path(__file__).parent
PROJECTS = {
    "starter": dict(starter_bundle(HERE.parent.parent).files),
    "pizzeria": read_project(HERE / "pizzeria", default_pipeline=True).files,
    "engine": read_project(HERE.parent / "assistant" / "engine_bot").files,
}
CHARACTERS = st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")
TEXTS = st.text(
    CHARACTERS | st.sampled_from("[](){}:,\"'\\\n\r\t#-|>&*!%@` \x85\u2028\ufeff\u200f\u05d0😀"), min_size=1
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
BRACKETS = str.maketrans("［］", "[]")  # noqa: RUF001


@st.composite
def taught_examples(draw: st.DrawFn) -> TrainingExample:
    text = draw(TEXTS.map(str.strip).filter(bool))
    spans = draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True).map(sorted))
    marks = [_entity(text, *span, draw) for span in zip(spans[::2], spans[1::2], strict=False)]
    return TrainingExample("ask", text, marks, draw(st.sampled_from([{}, {"example": {"seen": 3}}])))


def _entity(text: str, start: int, end: int, draw: st.DrawFn) -> dict[str, Any]:
    value = draw(st.just(text[start:end]) | TEXTS.map(str.strip).filter(bool))
    more = draw(st.sampled_from([{}, {"role": "to"}, {"group": "1"}]))
    return {"start": start, "end": end, "entity": draw(st.sampled_from(["size", "city.name"])), "value": value, **more}


def read_by_rasa(nlu: str) -> list[tuple[str, list[tuple[Any, ...]]]]:
    from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader

    return [
        (it.get("text").translate(BRACKETS), [_plain(entity) for entity in it.get("entities", [])])
        for it in RasaYAMLReader().reads(nlu).training_examples
    ]


def _plain(entity: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(entity.get(name) for name in ("start", "end", "entity", "value", "role", "group"))


@pytest.mark.rasa
@settings(max_examples=150, deadline=None)
@given(examples=st.lists(taught_examples(), min_size=1, max_size=4, unique_by=lambda it: it.text))
@example(examples=[TrainingExample("ask", "see [this](link) or \\u0041 - 'it'")])
@example(examples=[TrainingExample("ask", text) for text in ("- first\n  second: #3", "null", "1e3")])
def test_it_lets_rasa_read_every_text(examples: list[TrainingExample]) -> None:
    bundle = build_bundle({"config.yml": "language: en\n"}, TrainingData({"ask": ""}, examples), [])
    read = read_by_rasa(bundle.files["data/taught.yml"])
    meant = [(it.text.translate(BRACKETS), [_plain(entity) for entity in it.entities]) for it in examples]
    assert sorted(read, key=str) == sorted(meant, key=str)


@pytest.mark.rasa
@settings(max_examples=100, deadline=None)
@given(text=TEXTS, title=TEXTS, number=NUMBERS)
def test_it_keeps_responses_as_they_are(text: str, title: str, number: float) -> None:
    from rasa.shared.utils.io import read_yaml

    said = {"text": text, "buttons": [{"title": title, "payload": "/ask"}], "custom": {"of": [number, None, "yes"]}}
    files = build_bundle({"config.yml": ""}, TrainingData({"ask": ""}, responses={"utter_ask": [said]}), []).files
    assert read_yaml(files["domain/taught.yml"])["responses"] == {"utter_ask": [said]}
    assert training_data_in(files).responses == {"utter_ask": [said]}


@pytest.mark.parametrize("project", PROJECTS)
def test_it_teaches_what_the_files_taught(project: str) -> None:
    files = PROJECTS[project]
    taught = training_data_in(files)
    bundle = build_bundle(files, taught, [])
    check_bundle(bundle)
    again = training_data_in(bundle.files)
    assert set(map(_whole, again.examples)) == set(map(_whole, taught.examples))
    assert (again.responses, again.synonyms) == (taught.responses, taught.synonyms)
    assert set(again.intents) == set(taught.intents)


def _whole(it: TrainingExample) -> str:
    return f"{it.intent}: {it.text} {it.entities} {it.metadata}"


def test_it_leaves_alone_what_teaches_nothing() -> None:
    files = PROJECTS["pizzeria"]
    bundle = build_bundle(files, training_data_in(files), [])
    assert bundle.files["config.yml"] == files["config.yml"]
    assert "lookup: size" in bundle.files["data/orders.yaml"]
    assert "intent: order\n" in bundle.files["data/orders.yaml"]


def test_it_extends_the_one_domain_file_there_is() -> None:
    files = {"config.yml": "language: en\n", "domain.yml": "version: '3.1'\nintents: [ask]\nslots: {}\n"}
    asked = TrainingExample("jobs", "any size", [{"start": 4, "end": 8, "entity": "what", "value": "size"}])
    bundle = build_bundle(files, TrainingData({"ask": "", "jobs": ""}, [asked]), [])
    domain = training_data_in({"domain.yml": bundle.files["domain.yml"]})
    assert list(domain.intents) == ["ask", "jobs"]
    assert "what" in bundle.files["domain.yml"]
    assert "domain/taught.yml" not in bundle.files


def test_it_gives_the_same_content_the_same_hash() -> None:
    files = PROJECTS["starter"]
    taught = training_data_in(files)
    renamed = [RenamedIntent("x", "y", True)]
    hashes = {build_training_set(build_bundle(files, taught, renamed), taught).sha256 for _ in range(2)}
    assert len(hashes) == 1


def test_it_says_what_is_new_in_a_training_set() -> None:
    def of(*pairs: tuple[str, str]) -> Any:
        taught = TrainingData(examples=[TrainingExample(*pair) for pair in pairs])
        return build_training_set(build_bundle({"config.yml": ""}, taught, []), taught)

    old = of(("greet", "hello"), ("greet", "bye"), ("bye", "see you"))
    new = of(("greet", "hello"), ("bye", "bye"), ("bye", "so long"))
    found = compare_training_sets(old, new)
    assert found.added == [("bye", "so long")]
    assert found.removed == [("bye", "see you")]
    assert found.moved == [("bye", "greet", "bye")]
