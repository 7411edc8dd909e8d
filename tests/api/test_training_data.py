"""`/api/v1/training-data/`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Program
from training.models import Bot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def pizzeria(db: None) -> Bot:
    """A bot that nothing was taught yet."""
    return Bot.objects.create(name="pizzeria")


def at(path: str) -> str:
    return f"training-data/{path}?bot=pizzeria"


def taught(annotator: Program, text: str, intent: str = "order", **other: Any) -> dict[str, Any]:
    answer = annotator.post(at("examples"), {"intent": intent, "text": text, **other})
    assert answer.status_code == 201, answer.content
    return answer.json()


def texts(program: Program, **query: str) -> list[str]:
    answer = program.get("training-data/examples", bot="pizzeria", **query)
    assert answer.status_code == 200, answer.content
    return [row["text"] for row in answer.json()["results"]]


def test_it_teaches_examples_and_finds_them(annotator: Program) -> None:
    taught(annotator, "a margherita please")
    taught(annotator, "one calzone", use="held_out")
    taught(annotator, "good evening", intent="greet")
    assert texts(annotator) == ["good evening", "one calzone", "a margherita please"]
    assert texts(annotator, intent="order", use="training") == ["a margherita please"]
    assert texts(annotator, q="CALZ") == ["one calzone"]
    assert annotator.get("training-data/examples", bot="nobody").status_code == 404


def test_it_has_a_text_once_in_an_intent(annotator: Program) -> None:
    first, again = taught(annotator, "a pizza"), taught(annotator, "a pizza")
    assert first["id"] == again["id"]
    taught(annotator, "a pizza", intent="greet", move=True)
    assert texts(annotator, intent="order") == []


def test_it_changes_an_example_that_one_has_seen(annotator: Program) -> None:
    row = taught(annotator, "a piza")
    path = f"training-data/examples/{row['id']}"
    changed = annotator.patch(path, {"revision": row["revision"], "text": "a pizza"})
    assert changed.json()["text"] == "a pizza"
    late = annotator.patch(path, {"revision": row["revision"], "text": "a pie"})
    assert (late.status_code, late.json()["extra"]["code"]) == (409, "changed_meanwhile")
    assert annotator.get(path).json()["text"] == "a pizza"


def test_it_moves_and_holds_out_several(annotator: Program) -> None:
    ids = [taught(annotator, text)["id"] for text in ("hello", "hi there")]
    elsewhere = annotator.post("training-data/examples/move?bot=main", {"ids": ids, "intent": "greet"})
    assert elsewhere.json() == {"count": 0}
    assert annotator.post("training-data/examples/move", {"ids": ids, "intent": "greet"}).json() == {"count": 2}
    held = annotator.post("training-data/examples/hold-out", {"ids": ids[:1], "held_out": True})
    assert held.status_code == 200
    assert texts(annotator, intent="greet", use="held_out") == ["hello"]


def test_it_brings_back_what_was_deleted(annotator: Program) -> None:
    ids = [taught(annotator, text)["id"] for text in ("hello", "hi there")]
    mark = annotator.post("training-data/examples/delete", {"ids": ids}).json()["mark"]
    assert texts(annotator) == []
    assert annotator.post(at("restore"), {"mark": mark}).json() == {"count": 2}
    assert texts(annotator) == ["hi there", "hello"]
    assert annotator.delete(f"training-data/examples/{ids[0]}").status_code == 200
    assert annotator.get(f"training-data/examples/{ids[0]}").status_code == 404


def test_it_makes_renames_merges_and_deletes_intents(annotator: Program) -> None:
    assert annotator.post(at("intents"), {"name": "buy"}).status_code == 201
    taught(annotator, "a pizza", intent="buy")
    assert annotator.patch(at("intents/buy"), {"name": "order"}).json()["examples"] == 1
    taught(annotator, "one to go", intent="takeaway")
    assert annotator.post(at("intents/takeaway/merge"), {"into": "order"}).json()["examples"] == 2
    names = [row["name"] for row in annotator.get(at("intents")).json()["results"]]
    assert names == ["order"]
    assert annotator.delete(at("intents/order")).status_code == 200
    assert texts(annotator) == []


def test_it_says_what_an_intent_gets_for_an_answer(annotator: Program) -> None:
    taught(annotator, "hello", intent="greet")
    answered = annotator.patch(at("intents/greet"), {"answers": ["Good evening!", "Ciao!"]}).json()
    said = annotator.get(at(f"responses/{answered['answer']}")).json()
    assert [variation["text"] for variation in said["variations"]] == ["Good evening!", "Ciao!"]


def test_it_writes_responses_and_synonyms(annotator: Program) -> None:
    path = at("responses/utter_bye")
    saved = annotator.put(path, {"variations": [{"text": "Ciao!"}]}).json()
    assert annotator.put(path, {"variations": [{"text": "Bye"}], "revision": saved["revision"]}).status_code == 200
    assert annotator.put(path, {"variations": [{"text": "x"}], "revision": saved["revision"]}).status_code == 409
    assert annotator.delete(path).status_code == 200
    synonym = annotator.post(at("synonyms"), {"value": "two", "text": "a couple"}).json()
    assert annotator.get(at("synonyms")).json()["results"][0]["text"] == "a couple"
    assert annotator.delete(f"training-data/synonyms/{synonym['id']}").status_code == 200


def test_it_checks_the_data(annotator: Program) -> None:
    taught(annotator, "hello", intent="greet")
    taught(annotator, "hello", intent="order")
    found = annotator.get("training-data/checks", bot="pizzeria", page_size=1).json()
    assert (found["results"][0]["kind"], len(found["results"][0]["examples"])) == ("same_text", 2)
    assert found["next"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"intent": "order"}, "text"),
        ({"intent": "order", "text": "x" * 4001}, "text"),
        ({"intent": "order", "text": "hi", "use": "never"}, "use"),
        ({"intent": "order", "text": "hi", "entities": "city"}, "entities"),
        ({"intent": "order", "text": "hi", "texd": "hi"}, "texd"),
        ({"intent": "order", "text": "nul \0"}, "text"),
    ],
)
def test_it_says_which_field_is_wrong(annotator: Program, body: dict[str, Any], field: str) -> None:
    answer = annotator.post(at("examples"), body)
    assert answer.status_code == 400
    assert list(answer.json()["extra"]["fields"]) == [field]


def test_it_is_read_by_viewers_and_changed_by_annotators(viewer: Program, annotator: Program) -> None:
    row = taught(annotator, "hello")
    assert texts(viewer) == ["hello"]
    assert viewer.post(at("examples"), {"intent": "order", "text": "hi"}).status_code == 403
    assert viewer.delete(f"training-data/examples/{row['id']}").status_code == 403
