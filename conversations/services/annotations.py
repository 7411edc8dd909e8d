"""Annotations: what staff say about a visitor's message. What they change in the training data is in `corrections`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from assistant.change_sets import State, change_set, record, state_of
from assistant.lib import audit, strict_json
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from conversations.models import Annotation, Message
from conversations.services.corrections import apply_correction, undo_correction
from conversations.services.reviews import lock_conversation, notify_readers
from conversations.services.undo import check_unchanged, count_flags
from training.selectors import intent_now
from training.services import lock_bot

Entities = Sequence[Mapping[str, Any]]
Verdict = Annotation.Verdict
MAX_ENTITIES = 100
NAMES_NO_INTENT = {"", "nlu_fallback"}


@dataclass(frozen=True)
class Content:
    """What an annotation says."""

    verdict: str
    intent: str
    entities: list[dict[str, Any]]

    @classmethod
    def of(cls, annotation: Annotation) -> Content:
        return cls(annotation.verdict, annotation.intent, annotation.entities)


def annotate_message(
    *,
    message: Message,
    verdict: str,
    intent: str = "",
    entities: Entities | None = None,
    revision: int,
    by: User | None,
    move: bool = False,
) -> Annotation:
    """What was understood is `correct`, or `corrected` to this intent and these entities (None: as they are), or not
    annotated (empty). A correction becomes an example to train on, a correct message one that is held out; an empty
    verdict takes away what the one before it added. `move`: the text stops being an example of other intents.

    `revision` is the one that was seen (0: none yet). Raises ChangedMeanwhile where it is another one now.
    """
    with change_set("Annotated a message.", about=message.conversation, by=by) as step:
        # The bot before the conversation: every change of training data locks in this order.
        lock_bot(message.conversation.environment.bot)
        lock_conversation(message.conversation_id)
        annotation = _annotation_of(message)
        before, after = Content.of(annotation), _validated(annotation, verdict, intent, entities)
        if before == after and annotation.is_in_effect and not move:
            return annotation
        check_unchanged(annotation, revision)
        # What it says now replaces what it said: first the training data is as it was without it.
        seen = state_of(annotation) if annotation.pk else None
        undo_correction(annotation, by=by)
        annotation.verdict, annotation.intent, annotation.entities = after.verdict, after.intent, after.entities
        apply_correction(annotation, step, by=by, move=move)
        changes = {name: (getattr(before, name), getattr(after, name)) for name in ("verdict", "intent", "entities")}
        _save(annotation, seen, changes, by)
    return annotation


def flag_message(*, message: Message, flagged: bool, revision: int, by: User | None) -> Annotation:
    """Raises ChangedMeanwhile where `revision` is not the newest."""
    with write_transaction():
        conversation = lock_conversation(message.conversation_id)
        annotation = _annotation_of(message)
        if annotation.flagged == flagged:
            return annotation
        check_unchanged(annotation, revision)
        seen = state_of(annotation) if annotation.pk else None
        annotation.flagged = flagged
        _save(annotation, seen, {"flagged": (not flagged, flagged)}, by)
        count_flags(conversation)
    return annotation


def _annotation_of(message: Message) -> Annotation:
    """The message's, or one that is not stored yet."""
    rows = Annotation.objects.select_related("by", "example", "message", "conversation__environment__bot")
    found = rows.filter(message=message).first()
    return found or Annotation(message=message, conversation=message.conversation, revision=0)


def _validated(annotation: Annotation, verdict: str, intent: str, entities: Entities | None) -> Content:
    message = annotation.message
    if verdict not in Verdict.values:
        raise FrontdeskError("A verdict is correct, corrected or empty.", code="bad_verdict")
    if not verdict:
        return Content("", "", [])
    if not message.can_be_annotated:
        raise FrontdeskError("Only what a visitor wrote can be judged.", code="bad_verdict")
    right = _current_intent(annotation, message.intent if verdict == Verdict.CORRECT else intent.strip())
    # Another intent for a message keeps the entities that staff have marked in it.
    if verdict == Verdict.CORRECTED and annotation.verdict == verdict and entities is None:
        entities = annotation.entities
    # Whether they mark words of the text is checked where they become part of an example.
    if not all(isinstance(entity.get("entity"), str) and entity["entity"] for entity in entities or []):
        raise FrontdeskError("Every entity needs a name.", code="bad_entities")
    if len(entities or []) > MAX_ENTITIES or not strict_json.is_storable(entities or []):
        raise FrontdeskError("These entities can't be kept.", code="bad_entities")
    chosen = entities if verdict == Verdict.CORRECTED and entities is not None else message.entities
    return Content(verdict, right, [dict(entity) for entity in chosen or []])


def _current_intent(annotation: Annotation, intent: str) -> str:
    """By the name that it has now: an older version, or a page that was open, may know another one."""
    if intent in NAMES_NO_INTENT:
        raise FrontdeskError("Say which intent is right.", code="bad_verdict")
    now = intent_now(annotation.conversation.environment.bot, intent)
    if not now:
        words = f"The intent {intent} was deleted. Choose another one, or create it again in the training data."
        raise FrontdeskError(words, code="bad_verdict")
    return now


def _save(annotation: Annotation, seen: State | None, changes: audit.Changes, by: User | None) -> None:
    annotation.revision += 1
    annotation.by = by
    annotation.save()
    record(annotation, seen, state_of(annotation))
    audit.record(annotation, changes, by=by)
    notify_readers(annotation.conversation_id, annotation.message.seq)
