"""`manage.py erase_person`: no store has the person any more, and the report says what was out of reach."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from axes.models import AccessLog
from django.apps import apps
from django.contrib.admin.models import CHANGE
from django.contrib.admin.models import LogEntry as AdminEntry
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from assistant.engine import Reply
from assistant.lib import audit
from conversations.channels.widget.visitors import token_of
from conversations.models import Conversation, Event, Message, Replay, ReplayedTurn
from conversations.services import add_note, annotate_message, answer, receive, tag_conversation
from conversations.turns import claim, complete
from training.models import Evaluation, Example, Job, ModelVersion, Response, TrainingSet
from training.reports import key_of
from training.services import change_example

pytestmark = pytest.mark.django_db
SAID = "my parcel to Nowhere Lane 7 is lost"
MAIL = "sam@example.com"


def erase(*words: str, answers: str = "") -> str:
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO(answers))
        call_command("erase_person", *words, stdout=out, stderr=out)
    return out.getvalue()


def everything() -> str:
    """Each value of each row of each table of this database."""
    rows = [row for model in apps.get_models(include_auto_created=True) for row in model._default_manager.values_list()]
    return json.dumps(rows, default=lambda value: bytes(value).hex() if isinstance(value, memoryview) else str(value))


def say(text: str, sender: str = "sam", channel: str = "widget") -> Conversation:
    talk = receive(channel=channel, external_id=sender, text=text).conversation_id
    answer(talk)
    return Conversation.objects.get(pk=talk)


@pytest.fixture
def talk(live_model: ModelVersion, ana: User) -> Conversation:
    """What Sam said, and all that came of it: a lesson, a note, an evaluation, a log, a training set, a replay."""
    conversation = say(SAID)
    message = conversation.messages.get(seq=1)
    annotate_message(message=message, verdict="corrected", intent="ask_parcel", entities=[], revision=0, by=ana)
    example = Example.objects.get(text=SAID)
    change_example(example=example, text=f"{SAID}!", revision=example.revision, by=ana)
    change_example(example=example, text=SAID, revision=example.revision + 1, by=ana)
    add_note(conversation=conversation, text="Sam of Nowhere Lane", by=ana)
    tag_conversation(conversation=conversation, add=["parcels"], by=ana)
    report = {"errors": [{"text": SAID, "right": "a", "guessed": "b"}], "messages": [[key_of(SAID), 0, 1]]}
    Evaluation.objects.create(version=live_model, kind="held_out", report=report)
    Job.objects.create(bot=live_model.bot, kind="train", status="done", log=f"begun\nIntent of '{SAID}' is odd\nend\n")
    replay = Replay.objects.create(left=live_model, right=live_model)
    ReplayedTurn.objects.create(replay=replay, conversation=conversation, seq=1, text=SAID, left={}, right={})
    return conversation


def freeze(bot: Any, text: str) -> TrainingSet:
    from assistant.engine import Bundle
    from training.bundles import TrainingData, TrainingExample, build_training_set

    data = TrainingData({}, [TrainingExample("ask_parcel", text)], {}, {})
    taught = build_training_set(Bundle({"nlu.yml": text}), data)
    taught.bot = bot
    taught.save()
    return taught


def test_it_leaves_nothing_of_a_visitor(talk: Conversation) -> None:
    say("hello", sender="kim")
    assert "Nowhere" in everything()
    report = erase("widget:sam", "--yes")
    left = everything()
    assert [word for word in ("Nowhere", "sam", str(talk.public_id), key_of(SAID)) if word in left] == []
    assert "1 conversations" in report
    assert "1 examples" in report
    assert [row.external_id for row in Conversation.objects.all()] == ["kim"]
    assert Job.objects.get(kind="train").log == "begun\n(erased)\nend\n"


def test_it_keeps_in_the_audit_log_that_something_was_done(talk: Conversation, ana: User) -> None:
    before = list(LogEntry.objects.order_by("pk").values_list("pk", "actor", "action", "timestamp"))
    erase("widget:sam", "--yes")
    after = list(LogEntry.objects.order_by("pk").values_list("pk", "actor", "action", "timestamp"))
    assert after[:-1] == before
    done = LogEntry.objects.latest("pk")
    assert (done.object_repr, done.changes["conversations"]) == ("a person", [1, 0])
    desk = Client()
    desk.force_login(ana)
    assert "deleted what was stored of a person" in desk.get("/admin/auditlog/logentry/").content.decode()


def test_it_says_which_versions_know_the_words(talk: Conversation, live_model: ModelVersion) -> None:
    taught = freeze(live_model.bot, SAID)
    ModelVersion.objects.filter(pk=live_model.pk).update(training_set=taught)
    report = erase("widget:sam", "--yes")
    assert "version main-test was trained on 1 of the texts" in report
    assert "train anew, activate that, then delete this version" in report
    assert TrainingSet.objects.filter(pk=taught.pk).exists()


def test_it_drops_what_only_deleted_versions_were_trained_on(talk: Conversation, live_model: ModelVersion) -> None:
    old = ModelVersion.objects.create(bot=live_model.bot, name="old", status="deleted", training_set=None)
    ModelVersion.objects.filter(pk=old.pk).update(training_set=freeze(live_model.bot, SAID))
    assert "1 training sets of deleted versions" in erase("widget:sam", "--yes")
    assert not TrainingSet.objects.exists()


@pytest.mark.parametrize("how", ["public id", "token", "sender", "exact"])
def test_it_knows_a_visitor_by(talk: Conversation, how: str) -> None:
    names = {"public id": str(talk.public_id), "token": token_of("sam"), "sender": "sam", "exact": "widget:sam"}
    erase(names[how], "--yes")
    assert not Conversation.objects.exists()


def test_it_asks_who_is_meant(talk: Conversation) -> None:
    say("hello", channel="rest")
    with pytest.raises(CommandError, match="rest:sam, widget:sam"):
        erase("sam", "--yes")
    assert Conversation.objects.count() == 2
    erase("rest:sam", "--yes")
    assert Conversation.objects.get().channel == "widget"


def test_it_changes_nothing_until_it_was_confirmed(talk: Conversation) -> None:
    before = everything()
    assert "1 conversations" in erase("widget:sam", "--dry-run")
    for answers in ("", "yes\n", "no\n"):
        with pytest.raises(SystemExit) as left:
            erase("widget:sam", answers=answers)
        assert left.value.code == 3
    assert everything() == before
    erase("widget:sam", answers="erase\n")
    assert not Conversation.objects.exists()


def test_it_may_be_run_again(talk: Conversation) -> None:
    erase("widget:sam", "--yes")
    assert "Nothing is stored" in erase("widget:sam", "--yes")
    assert LogEntry.objects.filter(object_repr="a person").count() == 1


def test_it_keeps_an_example_that_somebody_else_taught_too(talk: Conversation, ana: User) -> None:
    other = say(SAID, sender="kim")
    message = other.messages.get(seq=1)
    annotate_message(message=message, verdict="corrected", intent="ask_parcel", entities=[], revision=0, by=ana)
    erase("widget:sam", "--yes")
    assert Example.objects.get(text=SAID).source == ""


def test_it_finds_a_text_wherever_it_was_said(talk: Conversation, ana: User) -> None:
    say(f"write to {MAIL.upper()}", sender="kim")
    say("hello", sender=MAIL, channel="rest")
    noted = say("hello", sender="lee")
    add_note(conversation=noted, text=f"is {MAIL}", by=ana)
    keeps = say("hello", sender="max")
    message = keeps.messages.get(seq=1)
    annotate_message(message=message, verdict="corrected", intent="greet", entities=[], revision=0, by=ana)
    example = Example.objects.get(text="hello")
    change_example(example=example, text=f"ask {MAIL}", revision=example.revision, by=ana)
    with pytest.raises(CommandError, match="at least 4"):
        erase("--text", "abc", "--yes")
    erase("--text", MAIL, "--yes")
    assert MAIL not in everything().lower()
    assert {row.external_id for row in Conversation.objects.all()} == {"sam", "max"}


def test_it_takes_a_text_out_of_the_log_in_whatever_case_and_leaves_the_rest(ana: User) -> None:
    audit.record(ana, {"address": ([{"mail": f"to {MAIL.upper()}"}], MAIL.title()), "name": ("", "Sam")}, by=ana)
    erase("--text", MAIL, "--yes")
    entry = LogEntry.objects.exclude(object_repr="a person").get()
    assert entry.changes == {"address": [[{"mail": "(erased)"}], "(erased)"], "name": ["", "Sam"]}


def test_it_lets_no_worker_bring_a_conversation_back(live_model: ModelVersion) -> None:
    row = receive(channel="rest", external_id="sam", text=SAID).conversation_id
    taken = claim(row)
    assert taken is not None
    assert taken.message is not None
    erase("rest:sam", "--yes")
    assert complete(taken.message, live_model, Reply((), []), taken.lease) is False
    assert answer(row) == 0
    assert (Conversation.objects.count(), Message.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_it_says_where_staff_themselves_wrote_the_text(live_model: ModelVersion) -> None:
    Response.objects.create(bot=live_model.bot, name="utter_mail", variations=[{"text": f"Write to {MAIL}"}])
    assert "1 responses say it: change them under Training data" in erase("--text", MAIL, "--yes")
    assert Response.objects.exists()


@pytest.fixture
def bea(ana: User) -> User:
    user = User.objects.create_user("bea", "Bea@example.com", "desk-of-bea", first_name="Beatrix", is_staff=True)
    user.groups.set(Group.objects.filter(name="annotator"))
    Client().force_login(user)
    AccessLog.objects.create(username="bea", ip_address="203.0.113.7")
    AdminEntry.objects.log_actions(ana.pk, [user], CHANGE, change_message="to Beatrix")
    OutstandingToken.objects.create(user=user, jti="1", token="", expires_at=timezone.now() + timedelta(days=1))
    return user


@pytest.mark.parametrize("how", ["staff:bea", "bea", "bea@EXAMPLE.com"])
def test_it_forgets_a_colleague_and_keeps_what_they_did(bea: User, talk: Conversation, how: str) -> None:
    add_note(conversation=talk, text="seen", by=bea)
    LogEntry.objects.filter(actor=bea).update(remote_addr="203.0.113.7")
    erase(how, "--yes")
    left = everything().lower()
    assert [word for word in ('"bea"', "beatrix", "bea@example.com", "203.0.113.7") if word in left] == []
    bea.refresh_from_db()
    assert (bea.is_active, bea.is_staff, bea.has_usable_password()) == (False, False, False)
    assert (Session.objects.count(), OutstandingToken.objects.count()) == (0, 0)
    assert LogEntry.objects.filter(actor=bea).exists()


def test_it_keeps_the_last_admin(ana: User) -> None:
    with pytest.raises(CommandError, match="last admin"):
        erase("staff:ana", "--yes")
    ana.refresh_from_db()
    assert ana.is_active
