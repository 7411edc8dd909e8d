"""`/api/v1/conversations/`."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
import yaml
from auditlog.models import LogEntry
from django.utils import timezone

from conversations.models import Conversation, Event, Message
from tests.admin_ui.conftest import Write
from tests.api.conftest import Program
from training.models import Example, ModelVersion
from training.services import freeze_training_set

pytestmark = pytest.mark.django_db


def senders(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["sender"] for row in answer.json()["results"]]


def at(conversation: Conversation, rest: str = "") -> str:
    return f"conversations/{conversation.public_id}{rest}"


def understood(conversation: Conversation, seq: int, **of: Any) -> None:
    Message.objects.filter(conversation=conversation, seq=seq).update(**of)


def test_it_lists_the_newest_first_a_page_at_a_time(viewer: Program, wrote: Write) -> None:
    now = timezone.now()
    for minute in range(5):
        wrote("hi", sender=f"sam-{minute}", active=now - timedelta(minutes=minute))
    first = viewer.get("conversations", page_size=2)
    assert senders(first) == ["sam-0", "sam-1"]
    second = viewer.get(first.json()["next"].partition("/api/v1/")[2])
    assert senders(second) == ["sam-2", "sam-3"]
    assert senders(viewer.get(second.json()["previous"].partition("/api/v1/")[2])) == ["sam-0", "sam-1"]
    last = viewer.get(second.json()["next"].partition("/api/v1/")[2])
    assert (senders(last), last.json()["next"]) == (["sam-4"], None)


def test_it_narrows_as_the_staff_site_does(viewer: Program, wrote: Write) -> None:
    now = timezone.now()
    wrote("hi", sender="wim", state="waiting")
    wrote("hi", sender="rita", channel="rest", failed_turns=1)
    understood(wrote("hi", sender="uma", lowest_confidence=0.2), 1, intent="greet")
    wrote("hi", sender="olga", active=now - timedelta(days=9), reviewed_turn=1, flag_count=1)
    wrote("where is my parcel", sender="pat", saved_for_later=True)
    asked = {
        "wim": {"state": "waiting"},
        "rita": {"channel": "rest", "failed": "true"},
        "uma": {"intent": "greet", "max_confidence": "0.3"},
        "olga": {"until": (now - timedelta(days=7)).isoformat()},
        "pat": {"q": "parcel"},
    }
    for sender, query in asked.items():
        assert senders(viewer.get("conversations", **query)) == [sender], query
    assert senders(viewer.get("conversations", review="done")) == ["olga"]
    assert senders(viewer.get("conversations", review="later")) == ["pat"]


def test_it_names_what_it_does_not_know(viewer: Program) -> None:
    answer = viewer.get("conversations", sate="waiting", state="asleep")
    assert answer.status_code == 400
    assert answer.json()["extra"]["fields"] == {"sate": ["There is no such field."]}
    assert set(viewer.get("conversations", state="asleep").json()["extra"]["fields"]) == {"state"}


@pytest.mark.parametrize("cursor", ["x", "older-", "older-9999999999999999999-1", "newer-1-1-1", "hits-1", "cD14"])
def test_it_refuses_cursors_of_others(viewer: Program, wrote: Write, cursor: str) -> None:
    conversation = wrote("hi")
    for path in ("conversations", at(conversation, "/messages"), at(conversation, "/events")):
        answer = viewer.get(path, cursor=cursor)
        assert answer.status_code == 400, answer.content
        assert answer.json()["extra"]["code"] == "bad_cursor"


def test_it_shows_one_with_its_messages_and_events(viewer: Program, wrote: Write) -> None:
    conversation = wrote("hi", "bye", sender="sam")
    understood(conversation, 1, intent="greet", confidence=0.9, ranking=[{"name": "greet", "confidence": 0.9}])
    Event.objects.create(conversation=conversation, position=1, turn=1, data={"event": "user", "text": "hi"})
    assert viewer.get(at(conversation)).json()["sender"] == "sam"
    said = viewer.get(at(conversation, "/messages"), page_size=3).json()
    assert [row["text"] for row in said["results"]] == ["hi", "You said hi", "bye"]
    assert said["results"][0]["ranking"] == [{"name": "greet", "confidence": 0.9}]
    rest = viewer.get(said["next"].partition("/api/v1/")[2]).json()
    assert [row["seq"] for row in rest["results"]] == [4]
    assert viewer.get(at(conversation, "/events")).json()["results"][0]["data"]["text"] == "hi"


def test_it_says_where_nothing_is(viewer: Program, wrote: Write) -> None:
    for path in (f"conversations/{uuid.uuid4()}", "conversations/1", "conversations/1/2/3", "nothing"):
        answer = viewer.get(path)
        assert (answer.status_code, answer.json()["extra"]["code"]) == (404, "not_found")


# --- review


def test_it_corrects_an_intent_and_teaches_it(annotator: Program, wrote: Write) -> None:
    conversation = wrote("how late are you open")
    understood(conversation, 1, intent="greet", confidence=0.4)
    body = {"seq": 1, "revision": 0, "verdict": "corrected", "intent": "ask_hours"}
    body |= {"add_tags": ["hours"], "reviewed": True}
    review = annotator.post(at(conversation, "/review"), body)
    assert review.status_code == 200, review.content
    assert review.json()["annotations"][0]["intent"] == "ask_hours"
    assert (review.json()["tags"], review.json()["reviewed_by"]) == (["hours"], "anton")
    taught = annotator.get("training-data/examples", intent="ask_hours", origin="review").json()["results"]
    assert [row["text"] for row in taught] == ["how late are you open"]


def test_it_says_where_the_same_words_stand(annotator: Program, wrote: Write) -> None:
    conversation = wrote("how late are you open")
    example = {"intent": "ask_prices", "text": "How late are you open?"}
    assert annotator.post("training-data/examples", example).status_code == 201
    right = {"seq": 1, "revision": 0, "verdict": "corrected", "intent": "ask_hours"}
    assert annotator.post(at(conversation, "/review"), right).json()["annotations"][0]["also_in"] == ["ask_prices"]
    [first, *_] = annotator.get(at(conversation, "/messages")).json()["results"]
    assert first["annotation"]["also_in"] == ["ask_prices"]


def test_it_refuses_who_has_not_seen_the_newest(annotator: Program, wrote: Write) -> None:
    conversation = wrote("how late are you open")
    understood(conversation, 1, intent="greet", confidence=0.4)
    assert annotator.post(at(conversation, "/review"), {"seq": 1, "revision": 0, "flagged": True}).status_code == 200
    late = {"seq": 1, "revision": 0, "verdict": "correct", "add_tags": ["late"]}
    answer = annotator.post(at(conversation, "/review"), late)
    assert (answer.status_code, answer.json()["extra"]["code"]) == (409, "changed_meanwhile")
    assert annotator.get(at(conversation, "/review")).json()["tags"] == []


def test_it_takes_care_of_who_waits_for_a_person(annotator: Program, wrote: Write) -> None:
    conversation = wrote("a person please", state="waiting")
    assert annotator.post(at(conversation, "/review"), {"waiting": False}).status_code == 200
    assert annotator.get(at(conversation)).json()["state"] == "bot"


@pytest.mark.parametrize("body", [{}, {"seq": 1}, {"flagged": True}, {"seq": 9, "revision": 0, "flagged": True}])
def test_it_refuses_half_a_review(annotator: Program, wrote: Write, body: dict[str, Any]) -> None:
    assert annotator.post(at(wrote("hi"), "/review"), body).status_code in {400, 404}


# --- export


def exported(program: Program, **query: str) -> bytes:
    answer = program.get("conversations/export", **query)
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content)


def test_it_exports_all_there_is_as_json(admin: Program, wrote: Write) -> None:
    wrote("hi", sender="sam")
    wrote("bye", sender="rita", state="waiting")
    rows = json.loads(exported(admin, format="json"))
    assert [row["sender"] for row in rows] == ["rita", "sam"]
    assert rows[1]["messages"][0]["text"] == "hi"
    assert [row["sender"] for row in json.loads(exported(admin, format="json", state="waiting"))] == ["rita"]
    assert json.loads(exported(admin, state="closed")) == []
    assert LogEntry.objects.filter(changes={"exported as json": [None, 2]}, actor__username="ada").exists()


def test_it_exports_one_with_all_that_staff_made_of_it(admin: Program, wrote: Write) -> None:
    conversation, _other = wrote("hi", sender="sam"), wrote("bye")
    understood(conversation, 1, payload="/greet", metadata={"page": "/prices"})
    understood(conversation, 2, feedback="down", feedback_reason="too long")
    assert admin.post(at(conversation, "/review"), {"note": "ask sales", "reviewed": True}).status_code == 200
    [row] = json.loads(b"".join(admin.get(at(conversation, "/export")).streaming_content))
    said, answered = row["messages"]
    assert (said["payload"], said["metadata"], answered["feedback_reason"]) == (
        "/greet",
        {"page": "/prices"},
        "too long",
    )
    assert [(note["text"], note["by"]) for note in row["notes"]] == [("ask sales", "ada")]
    assert (row["reviewed_turn"], row["reviewed_by"]) == (1, "ada")
    for format, kind in (("csv", "text/csv; charset=utf-8"), ("rasa", "application/yaml")):
        assert admin.get(at(conversation, "/export"), format=format)["Content-Type"] == kind


def test_it_exports_lines_that_no_spreadsheet_computes(admin: Program, wrote: Write) -> None:
    wrote("=1+2", sender="@sum", channel="rest")
    wrote(' +A1"\n', "fine, thanks")
    rows = list(csv.DictReader(io.StringIO(exported(admin, format="csv").decode())))
    assert {row["text"] for row in rows if row["role"] == "user"} == {"'=1+2", "' +A1\"\n", "fine, thanks"}
    assert {row["sender"] for row in rows} >= {"'@sum"}


def test_it_exports_no_formula_however_a_spreadsheet_splits(admin: Program, wrote: Write) -> None:
    breaks = [";", "; ", ';"', "\t", "\n", "\r\n", "|", ";\ufeff", ";;", " ;\t"]
    formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1"]  # noqa: RUF001
    said = [f"hello{between}{formula}" for between in breaks for formula in formulas]
    wrote(*said, *(f"{between}{formula}" for between in breaks for formula in formulas))
    lines = exported(admin, format="csv").decode()
    assert lines.count("hello") == 2 * len(said)
    for cell in re.split(r"[;\t|\r\n,]", lines):
        assert not cell.strip(' "\ufeff').startswith(tuple("=+-@＝"))  # noqa: RUF001


@pytest.mark.django_db(transaction=True)
def test_it_exports_past_a_conversation_in_which_nothing_was_said(admin: Program, wrote: Write) -> None:
    for texts in (["hi"], [], ["bye"]):
        wrote(*texts)
    lines = admin.streamed("conversations/export", format="csv").decode()
    assert [row["text"] for row in csv.DictReader(io.StringIO(lines)) if row["role"] == "user"] == ["bye", "hi"]


def test_it_exports_stories_that_rasa_can_test(admin: Program, annotator: Program, wrote: Write) -> None:
    text = "a [big](b) table for two"
    conversation = wrote(text)
    understood(conversation, 1, intent="greet", confidence=0.3)
    number = {"entity": "number", "value": "2", "start": 21, "end": 24}
    said = {
        "event": "user",
        "text": text,
        "parse_data": {"intent": {"name": "greet"}, "entities": [number]},
    }
    done = [{"event": "action", "name": "action_listen"}, said, {"event": "action", "name": "utter_book"}]
    for position, data in enumerate(done, 1):
        Event.objects.create(conversation=conversation, position=position, turn=1, data=data)
    right = {"seq": 1, "revision": 0, "verdict": "corrected", "intent": "book", "entities": [number]}
    assert annotator.post(at(conversation, "/review"), right).status_code == 200
    story = yaml.safe_load(exported(admin, format="rasa"))["stories"][0]
    written = 'a ［big］(b) table for [two]{"entity": "number", "value": "2"}'  # noqa: RUF001
    assert story["steps"] == [{"user": written, "intent": "book"}, {"action": "utter_book"}]


# --- deletion

NOTHING_MORE = {"examples_deleted": 0, "examples_kept": 0, "versions": []}
GONE = {"conversations": 0, "messages": 0, "events": 0, **NOTHING_MORE}


def test_it_deletes_for_good_but_keeps_what_was_learned(admin: Program, annotator: Program, wrote: Write) -> None:
    conversation = wrote("how late are you open")
    understood(conversation, 1, intent="greet", confidence=0.4)
    right = {"seq": 1, "revision": 0, "verdict": "corrected", "intent": "ask_hours"}
    assert annotator.post(at(conversation, "/review"), right).status_code == 200
    answer = admin.delete(at(conversation))
    assert answer.json() == {**GONE, "conversations": 1, "messages": 2, "examples_kept": 1}
    assert not Message.objects.exists()
    taught = admin.get("training-data/examples", intent="ask_hours", origin="review").json()["results"]
    assert [(row["text"], row["source"]) for row in taught] == [("how late are you open", "")]
    entry = LogEntry.objects.get(action=LogEntry.Action.DELETE, content_type__model="conversation")
    assert entry.changes == {"messages": [2, 0]}
    assert "how late" not in entry.object_repr


def test_it_leaves_no_words_of_it_in_the_audit_log(admin: Program, annotator: Program, wrote: Write) -> None:
    conversation = wrote("i am rita")
    understood(conversation, 1, intent="greet", confidence=0.4)
    name = {"start": 5, "end": 9, "entity": "name", "value": "rita"}
    right = {"seq": 1, "revision": 0, "verdict": "corrected", "intent": "greet", "entities": [name], "note": "ask rita"}
    assert annotator.post(at(conversation, "/review"), right).status_code == 200
    assert admin.delete(at(conversation)).status_code == 200
    left = LogEntry.objects.exclude(content_type__model="example")
    assert "rita" not in str(list(left.values("changes", "object_repr")))
    assert left.filter(changes__has_key="note", actor__username="anton").count() == 1


def test_it_has_nothing_to_say_of_a_deletion_that_leaves_nothing(admin: Program, wrote: Write) -> None:
    answer = admin.delete(at(wrote("good day")))
    assert (answer.status_code, answer.content) == (204, b"")


def test_it_deletes_what_was_learned_where_it_is_told_to(admin: Program, annotator: Program, wrote: Write) -> None:
    conversation, other = wrote("how late are you open"), wrote("good day")
    for talk, intent in ((conversation, "ask_hours"), (other, "greet")):
        understood(talk, 1, intent="bye", confidence=0.4)
        right = {"seq": 1, "revision": 0, "verdict": "corrected", "intent": intent}
        assert annotator.post(at(talk, "/review"), right).status_code == 200
    ids = [str(conversation.public_id)]
    answer = admin.post("conversations/delete", {"ids": ids, "examples": "delete"})
    assert answer.json() == {**GONE, "conversations": 1, "messages": 2, "examples_deleted": 1}
    assert [row.text for row in Example.objects.filter(origin="review")] == ["good day"]
    assert "how late" not in str(list(LogEntry.objects.values("changes", "object_repr")))
    assert admin.post("conversations/delete", {"ids": ids, "examples": "all"}).status_code == 400


def test_it_names_the_versions_that_keep_what_they_learned(admin: Program, annotator: Program, wrote: Write) -> None:
    conversation = wrote("how late are you open")
    understood(conversation, 1, intent="greet", confidence=0.4)
    right = {"seq": 1, "revision": 0, "verdict": "corrected", "intent": "ask_hours"}
    assert annotator.post(at(conversation, "/review"), right).status_code == 200
    version = ModelVersion.objects.get()
    version.training_set = freeze_training_set(bot=version.bot)
    version.save()
    answer = admin.delete(at(conversation, "?examples=delete"))
    assert answer.json()["versions"] == [version.name]


def test_it_deletes_several(admin: Program, wrote: Write) -> None:
    rows = [wrote("hi"), wrote("hi", "bye"), wrote("stays")]
    ids = [str(row.public_id) for row in rows[:2]]
    answer = admin.post("conversations/delete", {"ids": [*ids, str(uuid.uuid4())]})
    assert answer.json() == {**GONE, "conversations": 2, "messages": 6}
    assert list(Conversation.objects.all()) == [rows[2]]
