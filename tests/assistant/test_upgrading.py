"""A database of an earlier version, migrated to this one: nothing that people said or staff did is lost.

`database-of-2026-11-27.sqlite3.gz` was made by commit 8ef094e with the fake engine, by its own services:

1. `manage.py migrate` and `manage.py prepare`: the starter bot, its first version live, the superuser ana.
2. Staff: vera (viewer), anton (annotator), ada (admin), each with the password `desk-of-<name>`.
3. Conversations: maria (ten answered turns in the widget: a snapshot and events after it), joe (three; asked for a
   person), pat (two over REST; the engine failed in one; asked for a person, closed by ada), old (one), and late,
   whose only message was not answered yet. Thumbs down for maria's fourth message, thumbs up for joe's second.
4. Training data by anton: examples of ask_hours, opening, ask_prices, ask_weather and ask_gift; the response
   utter_ask_hours; an answer to ask_prices; a synonym, and one that was deleted.
5. Annotations by anton: `hello` correct; of maria's turns 2, 3, 4 and 6, and joe's turn 3, corrections; turn 4 (`where
   can I park`) made the intent ask_parking and took the text away from other intents; turn 8 was corrected and the
   correction withdrawn; joe's turn 2 flagged. Two tags and a note on maria, a note by ada on joe, maria reviewed up to
   turn 5, joe saved for later.
6. Intents: opening merged into ask_hours, ask_weather deleted, ask_gift renamed to ask_voucher; the example `price list
   please` deleted, `how much is it` held out.
7. A second version trained, evaluated, compared with the first by a replay of four conversations, and put live; a
   third trained and deleted; a cross-validation that is still queued. REST conversations are kept for 90 days.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from conversations.models import Annotation, Conversation, Event, Message, Replay, Retention
from conversations.services import annotate_message, answer, delete_conversations, receive
from tests.api.conftest import Program
from tests.settings import MODE
from training.models import Evaluation, Example, Intent, Job, ModelVersion
from training.selectors import production
from training.services import activate_version, freeze_training_set, roll_back, run_next_job, train_version

DATABASE = Path(__file__).with_name("database-of-2026-11-27.sqlite3.gz")
pytestmark = pytest.mark.skipif(MODE != "embedded", reason="the file is SQLite's")


@contextmanager
def _database(path: Path) -> Iterator[None]:
    """This file instead of the tests' database, in all threads."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Path:
    path = tmp_path_factory.mktemp("upgrading") / "migrated.sqlite3"
    path.write_bytes(gzip.decompress(DATABASE.read_bytes()))
    with django_db_blocker.unblock(), _database(path):
        call_command("migrate", verbosity=0)
        connection.check_constraints()
    return path


@pytest.fixture(autouse=True)
def upgraded(migrated: Path, tmp_path: Path, django_db_blocker: DjangoDbBlocker, settings: Any) -> Iterator[None]:
    """A copy of the migrated database for each test, and the passwords as an installation has them."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    copy = tmp_path / "copy.sqlite3"
    shutil.copy(migrated, copy)
    with django_db_blocker.unblock(), _database(copy):
        yield


@pytest.fixture
def anton() -> User:
    return User.objects.get(username="anton")


def logged_in(name: str) -> Program:
    response = Program().post("auth/login", {"username": name, "password": f"desk-of-{name}"})
    return Program(response.json()["access"])


def conversation(sender: str) -> Conversation:
    return Conversation.objects.get(external_id=sender)


def said(sender: str, turn: int) -> Message:
    return Message.objects.get(conversation__external_id=sender, role="user", turn=turn)


def intents_with(text: str) -> set[str]:
    return set(Example.objects.filter(text=text, deleted=None).values_list("intent__name", flat=True))


def withdraw(message: Message, by: User) -> None:
    annotate_message(message=message, verdict="", revision=message.annotation.revision, by=by)


def test_it_keeps_what_was_said() -> None:
    maria = conversation("maria")
    assert [Model.objects.count() for Model in (Conversation, Message, Event)] == [5, 33, 72]
    assert (maria.last_seq, maria.answered_turn, maria.event_count, maria.snapshot) == (20, 10, 43, {"turns": 8})
    assert (maria.thumbs_down, said("maria", 2).text) == (1, "Open on Sunday?")
    assert (maria.messages.get(seq=4).feedback, maria.messages.get(seq=4).feedback_reason) == ("down", "wrong hours")
    assert [row.external_id for row in Conversation.objects.filter(state="waiting")] == ["joe"]
    assert said("pat", 2).status == "failed"
    found = logged_in("vera").get("conversations", q="haircut").json()["results"]
    assert [row["sender"] for row in found] == ["maria"]


def test_it_goes_on_with_the_conversations() -> None:
    answer(conversation("late").pk)
    assert said("late", 1).status == "answered"
    row = receive(channel="widget", external_id="maria", text="/count")
    answer(row.conversation_id)
    reply = Message.objects.filter(conversation_id=row.conversation_id).latest("seq")
    assert (reply.turn, reply.text) == (11, "10")  # turns that the engine knows of: the snapshot and the events since
    delete_conversations(ids=[row.conversation_id], by=User.objects.get(username="ada"))
    assert Conversation.objects.count() == 4


def test_it_keeps_what_staff_made_of_them() -> None:
    maria, joe = conversation("maria"), conversation("joe")
    rows = Annotation.objects.order_by("message__conversation", "message__seq")
    assert [(row.message.text, row.verdict, row.intent, row.flagged) for row in rows] == [
        ("hello", "correct", "greet", False),
        ("Open on Sunday?", "corrected", "ask_hours", False),
        ("what does a haircut cost", "corrected", "ask_prices", False),
        ("where can I park", "corrected", "ask_parking", False),
        ("do you sell gift cards", "corrected", "ask_voucher", False),
        ("thanks a lot", "", "", False),
        ("I want to talk to a person", "", "", True),
        ("is there parking", "corrected", "ask_hours", False),
    ]
    sunday = Annotation.objects.get(message=said("maria", 2))
    assert (sunday.by and sunday.by.username, sunday.example and sunday.example.text) == ("anton", "Open on Sunday?")
    assert sunday.entities == [{"start": 8, "end": 14, "entity": "day", "value": "Sunday"}]
    assert (maria.reviewed_turn, joe.saved_for_later, joe.flag_count) == (5, True, 1)
    assert [tag.name for tag in maria.tags.all()] == ["Price list", "Regular"]
    assert [note.text for note in said("maria", 3).notes.all()] == ["Ask sales about the prices"]
    assert Retention.objects.get().days == 90


def test_it_keeps_training_data_and_versions() -> None:
    bot, live = production().bot, production().active_version
    names = dict(Intent.objects.values_list("name", "deleted"))
    assert [name for name in ("opening", "ask_weather", "ask_gift") if names.get(name, "renamed") is None] == []
    assert {"ask_hours", "ask_prices", "ask_parking", "ask_voucher"} <= {name for name in names if not names[name]}
    assert intents_with("what time do you open") == {"ask_hours"}
    versions = ModelVersion.objects.order_by("id")
    assert [version.status for version in versions] == ["ready", "ready", "deleted"]
    assert (live, live and live.note, live and live.created_by) == (
        versions[1],
        "hours and prices",
        User.objects.get(username="anton"),
    )
    assert Evaluation.objects.filter(version=live).count() == 1
    assert Replay.objects.get().turns.count() == 5
    assert Job.objects.get(status="queued").kind == "cross_validate"
    assert bot.responses.get(name="utter_ask_hours").variations == [{"text": "Nine to five."}]
    assert freeze_training_set(bot=bot).example_count > 1000


def test_it_goes_on_with_training(anton: User) -> None:
    assert run_next_job("test")
    assert not Job.objects.filter(status="queued").exists()
    version = train_version(bot=production().bot, by=anton)
    activate_version(version=version, by=anton)
    place = roll_back(environment=production(), by=anton)
    assert place.active_version
    assert place.active_version.note == "hours and prices"


def test_it_withdraws_what_a_correction_taught(anton: User) -> None:
    assert intents_with("where can I park") == {"ask_parking"}
    withdraw(said("maria", 4), anton)
    assert intents_with("where can I park") == {"ask_hours", "parking"}
    assert not Intent.objects.filter(name="ask_parking", deleted=None).exists()
    withdraw(said("maria", 2), anton)
    assert intents_with("Open on Sunday?") == set()
    withdraw(said("maria", 1), anton)
    assert intents_with("hello") == {"greet"}  # an example that was there before


def test_it_brings_back_what_was_deleted() -> None:
    anton = logged_in("anton")
    marks = [Intent.objects.get(name="ask_weather").deleted, Example.objects.get(text="price list please").deleted]
    counts = [anton.post("training-data/restore", {"mark": str(mark)}).json() for mark in marks]
    assert counts == [{"count": 3}, {"count": 1}]
    assert intents_with("will it rain") == {"ask_weather"}
    assert intents_with("price list please") == {"ask_prices"}


def test_it_keeps_staff_their_roles_and_the_audit_log() -> None:
    roles = {"vera": "viewer", "anton": "annotator", "ada": "admin"}
    assert dict(Group.objects.values_list("user__username", "name")) == roles
    allowed = {}
    for name in roles:
        program = logged_in(name)
        answers = [program.get("conversations")]
        answers += [program.post(path, {"mark": "x"}) for path in ("training-data/restore", "models/rollback")]
        allowed[name] = [answer.status_code != 403 for answer in answers]
    assert allowed == {"vera": [True, False, False], "anton": [True, True, False], "ada": [True, True, True]}
    assert LogEntry.objects.count() >= 65
    by_anton = LogEntry.objects.filter(actor__username="anton", content_type__model="intent")
    assert {"name": ["ask_gift", "ask_voucher"]} in [entry.changes for entry in by_anton]
