"""Every service that a member of staff stands behind leaves an entry in the audit log: a walk through all of them."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.base import File
from django.utils import timezone

import admin_ui.services
import conversations.services
import training.services
from assistant.change_sets import change_set
from assistant.models import ChangeSet
from conversations.models import Conversation, Message, Note
from tests.training.conftest import make_trainable_bot
from training.models import Activation, Bot, Environment, Example, Intent, Job, ModelVersion, Response, Synonym

pytestmark = pytest.mark.django_db
HOUSES: dict[str, ModuleType] = {
    "training": training.services,
    "conversations": conversations.services,
    "admin_ui": admin_ui.services,
}
VERB = {"start": 0, "end": 4, "entity": "verb", "value": "tell"}


@dataclass(frozen=True)
class Cast:
    """One of everything that a service could be about."""

    bot: Bot
    version: ModelVersion
    place: Environment
    job: Job
    greet: Intent
    order: Intent
    example: Example
    talk: Conversation
    message: Message
    by: User
    colleague: User

    def note(self) -> Note:
        return Note.objects.create(conversation=self.talk, text="look", by=self.by)

    def reviewed(self) -> Conversation:
        conversations.services.mark_reviewed(conversation=self.talk, by=None)
        return self.talk

    def waiting(self) -> Conversation:
        Conversation.objects.update(state="waiting")
        return self.talk

    def response(self) -> Response:
        return Response.objects.create(bot=self.bot, name="utter_odd", variations=[{"text": "Odd"}])

    def synonym(self) -> Synonym:
        return Synonym.objects.create(bot=self.bot, value="two", text="a couple")

    def went_live(self) -> Environment:
        other = ModelVersion.objects.create(bot=self.bot, name="other", status="ready")
        Activation.objects.create(environment=self.place, version=self.version, previous=other)
        return self.place

    def deleted(self) -> Any:
        return training.services.delete_examples(ids=[self.example.pk], by=None)


Call = Callable[[Cast], Any]
CALLS: dict[str, Call] = {
    # --- training
    "activate_version": lambda c: training.services.activate_version(version=c.version, environment="test", by=c.by),
    "add_example": lambda c: training.services.add_example(bot=c.bot, intent="greet", text="good day", by=c.by),
    "archive_for_download": lambda c: training.services.archive_for_download(version=trained(c), by=c.by),
    "request_evaluation": lambda c: training.services.request_evaluation(
        version=trained(c), kind="cross_validation", by=c.by
    ),
    "request_job": lambda c: training.services.request_job(bot=c.bot, kind="check_data", by=c.by),
    "request_training": lambda c: training.services.request_training(bot=c.bot, by=c.by),
    "cancel_job": lambda c: training.services.cancel_job(job=c.job, by=c.by),
    "change_example": lambda c: training.services.change_example(example=c.example, text="hiya", revision=1, by=c.by),
    "confirm_examples": lambda c: training.services.confirm_examples(ids=[c.example.pk], by=c.by),
    "create_intent": lambda c: training.services.create_intent(bot=c.bot, name="ask", by=c.by),
    "delete_examples": lambda c: training.services.delete_examples(ids=[c.example.pk], by=c.by),
    "delete_intent": lambda c: training.services.delete_intent(intent=c.order, by=c.by),
    "delete_response": lambda c: training.services.delete_response(response=c.response(), by=c.by),
    "delete_synonym": lambda c: training.services.delete_synonym(synonym=c.synonym(), by=c.by),
    "delete_version": lambda c: training.services.delete_version(
        version=ModelVersion.objects.create(bot=c.bot, name="old", status="failed"), by=c.by
    ),
    "describe_version": lambda c: training.services.describe_version(version=c.version, note="better", by=c.by),
    "hold_out_examples": lambda c: training.services.hold_out_examples(ids=[c.example.pk], held_out=True, by=c.by),
    "keep_examples": lambda c: training.services.keep_examples(ids=two_alike(c), intent="greet", by=c.by),
    "merge_intents": lambda c: training.services.merge_intents(source=c.order, target=c.greet, by=c.by),
    "move_examples": lambda c: training.services.move_examples(ids=[c.example.pk], intent="order", by=c.by),
    "rename_intent": lambda c: training.services.rename_intent(intent=c.order, name="buy", by=c.by),
    "restore_deleted": lambda c: training.services.restore_deleted(bot=c.bot, mark=c.deleted(), by=c.by),
    "roll_back": lambda c: training.services.roll_back(environment=c.went_live(), by=c.by),
    "save_response": lambda c: training.services.save_response(
        bot=c.bot, name="utter_x", variations=[{"text": "x"}], by=c.by
    ),
    "save_synonym": lambda c: training.services.save_synonym(bot=c.bot, value="three", text="a few", by=c.by),
    "set_answer": lambda c: training.services.set_answer(intent=c.order, texts=["Sure!"], by=c.by),
    "apply_correction": lambda c: training.services.apply_correction(
        bot=c.bot, intent="greet", text="good day", entities=[], use="training", source="", by=c.by
    ),
    "train_version": lambda c: training.services.train_version(bot=c.bot, by=c.by),
    "undo_change": lambda c: training.services.undo_change(
        step=training.services.merge_intents(source=c.order, target=c.greet, by=None), by=c.by
    ),
    "upload_version": lambda c: training.services.upload_version(bot=c.bot, file=File(io.BytesIO(b"x"), "m"), by=c.by),
    # --- conversations
    "add_note": lambda c: conversations.services.add_note(conversation=c.talk, text="look", by=c.by),
    "request_replay": lambda c: conversations.services.request_replay(left=c.version, right=trained(c), by=c.by),
    "change_note": lambda c: conversations.services.change_note(note=c.note(), text="look again", by=c.by),
    "delete_conversations": lambda c: conversations.services.delete_conversations(ids=[c.talk.pk], by=c.by),
    "delete_note": lambda c: conversations.services.delete_note(note=c.note(), by=c.by),
    "delete_with_examples": lambda c: conversations.services.delete_with_examples(ids=[c.talk.pk], by=c.by),
    "export_conversations": lambda c: conversations.services.export_conversations(
        conversations=Conversation.objects.all(), format="csv", by=c.by
    ),
    "flag_message": lambda c: conversations.services.flag_message(message=c.message, flagged=True, revision=0, by=c.by),
    "annotate_message": lambda c: conversations.services.annotate_message(
        message=c.message, verdict="corrected", intent="greet", entities=[VERB], revision=0, by=c.by
    ),
    "close_handoff": lambda c: conversations.services.close_handoff(conversation=c.waiting(), by=c.by),
    "reopen_handoff": lambda c: conversations.services.reopen_handoff(conversation=c.talk, by=c.by),
    "mark_reviewed": lambda c: conversations.services.mark_reviewed(conversation=c.talk, by=c.by),
    "mark_unreviewed": lambda c: conversations.services.mark_unreviewed(conversation=c.reviewed(), by=c.by),
    "save_for_later": lambda c: conversations.services.save_for_later(conversation=c.talk, saved=True, by=c.by),
    "set_retention": lambda c: conversations.services.set_retention(
        channel="widget", days=90, keep_marked=True, by=c.by
    ),
    "tag_conversation": lambda c: conversations.services.tag_conversation(conversation=c.talk, add=["vip"], by=c.by),
    "undo_in_conversation": lambda c: conversations.services.undo_in_conversation(
        conversation=c.talk, step=tagged(c), by=c.by
    ),
    # --- the staff
    "add_colleague": lambda c: admin_ui.services.add_colleague(user=User(username="new"), role="viewer", by=c.by),
    "change_colleague": lambda c: admin_ui.services.change_colleague(user=c.colleague, role="annotator", by=c.by),
    "reset_password": lambda c: admin_ui.services.reset_password(user=c.colleague, by=c.by),
}

# What the entry has to say: of which model, and of each field the value before and after; `...` is any.
SAID: dict[str, tuple[str, dict[str, list[Any]]]] = {
    # --- training
    "activate_version": ("environment", {"active_version": [None, "first"]}),
    "add_example": ("example", {"text": [None, "good day"], "intent": [None, "greet"]}),
    "archive_for_download": ("modelversion", {"downloaded": [None, ...]}),
    "request_evaluation": ("job", {"kind": [None, "cross_validate"]}),
    "request_job": ("job", {"kind": [None, "check_data"]}),
    "request_training": ("modelversion", {"training_set": [None, ...]}),
    "cancel_job": ("job", {"cancel_asked": [False, True]}),
    "change_example": ("example", {"text": ["hey", "hiya"]}),
    "confirm_examples": ("example", {"confirmed": [False, True]}),
    "create_intent": ("intent", {"name": [None, "ask"]}),
    "delete_examples": ("example", {"text": ["hey", None], "intent": ["greet", None]}),
    "delete_intent": ("intent", {"name": ["order", None]}),
    "delete_response": ("response", {"variations": [[{"text": "Odd"}], None]}),
    "delete_synonym": ("synonym", {"value": ["two", None]}),
    "delete_version": ("modelversion", {"name": ["old", None]}),
    "describe_version": ("modelversion", {"note": ["", "better"]}),
    "hold_out_examples": ("example", {"use": ["training", "held_out"]}),
    "keep_examples": ("example", {"text": [..., None]}),
    "merge_intents": ("intent", {"merged_into": [None, "greet"]}),
    "move_examples": ("example", {"intent": ["greet", "order"]}),
    "rename_intent": ("intent", {"name": ["order", "buy"]}),
    "restore_deleted": ("example", {"text": [None, "hey"]}),
    "roll_back": ("environment", {"active_version": ["first", "other"]}),
    "save_response": ("response", {"variations": [None, [{"text": "x"}]]}),
    "save_synonym": ("synonym", {"value": [None, "three"]}),
    "set_answer": ("intent", {"answer": ["", "utter_order"]}),
    "apply_correction": ("example", {"text": [None, "good day"], "intent": [None, "greet"]}),
    "train_version": ("modelversion", {"training_set": [None, ...]}),
    "undo_change": ("intent", {"name": [None, "order"]}),
    "upload_version": ("modelversion", {"sha256": [None, ...]}),
    # --- conversations
    "add_note": ("conversation", {"note": ["", "look"]}),
    "request_replay": ("replay", {"versions": [None, ...]}),
    "change_note": ("conversation", {"note": ["look", "look again"]}),
    "delete_conversations": ("conversation", {"messages": [1, 0]}),
    "delete_note": ("conversation", {"note": ["look", ""]}),
    "delete_with_examples": ("conversation", {"messages": [1, 0]}),
    "export_conversations": ("user", {"exported as csv": [None, 1]}),
    "flag_message": ("annotation", {"flagged": [False, True]}),
    "annotate_message": (
        "annotation",
        {"verdict": ["", "corrected"], "intent": ["", "greet"], "entities": [[], [VERB]]},
    ),
    "mark_reviewed": ("conversation", {"reviewed messages": [0, 1]}),
    "mark_unreviewed": ("conversation", {"reviewed messages": [1, 0]}),
    "save_for_later": ("conversation", {"saved for later": [False, True]}),
    "set_retention": ("retention", {"days": [None, 90], "keep_marked": [None, True]}),
    "close_handoff": ("conversation", {"state": ["waiting", "bot"]}),
    "reopen_handoff": ("conversation", {"state": ["bot", "waiting"]}),
    "tag_conversation": ("conversation", {"tags": [[], ["vip"]]}),
    "undo_in_conversation": ("conversation", {"tags": [["vip"], []]}),
    # --- the staff
    "add_colleague": ("user", {"role": [None, "viewer"]}),
    "change_colleague": ("user", {"role": ["", "annotator"]}),
    "reset_password": ("user", {"password": [None, "a new one"]}),
}


def trained(cast: Cast) -> ModelVersion:
    return training.services.train_version(bot=cast.bot)


def two_alike(cast: Cast) -> list[int]:
    other = training.services.add_example(bot=cast.bot, intent="goodbye", text=cast.example.text, by=None)
    return [cast.example.pk, other.pk]


def tagged(cast: Cast) -> ChangeSet:
    """A step that can be undone."""
    with change_set("Tagged.", about=cast.talk, by=cast.by) as step:
        conversations.services.tag_conversation(conversation=cast.talk, add=["vip"], by=None)
    return step.row


def staffed() -> list[str]:
    """Services that say on whose behalf."""
    found = [(name, getattr(house, name)) for house in HOUSES.values() for name in house.__all__]
    return sorted(name for name, it in found if inspect.isfunction(it) and "by" in inspect.signature(it).parameters)


@pytest.fixture
def cast(ana: User, settings: Any, tmp_path: Any) -> Cast:
    settings.VAR_DIR = tmp_path
    bot = make_trainable_bot().bot
    training.services.sync_with_files(bot=bot)
    version = ModelVersion.objects.create(bot=bot, name="first", status="ready")
    place = Environment.objects.create(bot=bot, active_version=version)
    now = timezone.now()
    talk = Conversation.objects.create(
        channel="widget", external_id="sam", environment=place, last_active=now, last_seq=1, last_turn=1
    )
    said = {"role": "user", "text": "tell me", "status": "answered", "created": now, "intent": "goodbye"}
    greet = Intent.objects.get(bot=bot, name="greet")
    order = training.services.create_intent(bot=bot, name="order", by=None)
    return Cast(
        bot=bot,
        version=version,
        place=place,
        job=Job.objects.create(bot=bot, kind="waits"),
        greet=greet,
        order=order,
        example=training.services.add_example(bot=bot, intent="greet", text="hey", by=None),
        talk=talk,
        message=Message.objects.create(conversation=talk, seq=1, turn=1, **said),
        by=ana,
        colleague=User.objects.create_user("colleague", is_staff=True),
    )


def says(entry: LogEntry, model: str, fields: dict[str, list[Any]]) -> bool:
    """Whether these are among the fields that it names."""
    if entry.content_type.model != model:
        return False
    return all(name in entry.changes and fits(entry.changes[name], sides) for name, sides in fields.items())


def fits(change: list[Any], sides: list[Any]) -> bool:
    return all(side is ... or side == there for side, there in zip(sides, change, strict=True))


def test_it_knows_every_service_of_the_staff() -> None:
    assert staffed() == sorted(CALLS) == sorted(SAID)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_it_writes_down_who_did_what(cast: Cast, name: str) -> None:
    before = LogEntry.objects.count()
    CALLS[name](cast)
    entries = list(LogEntry.objects.order_by("id")[before:])
    assert {entry.actor for entry in entries} == {cast.by}
    assert any(says(entry, *SAID[name]) for entry in entries), [entry.changes for entry in entries]
