"""Staff say whether a message was understood; what they say is taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from assistant.lib import audit, strict_json
from assistant.lib.database import write_transaction
from assistant.lib.errors import ChangedMeanwhile, FrontdeskError
from conversations.models import Annotation, Message
from conversations.services.desk import hold, tell
from conversations.services.teaching import teach, unteach
from training.selectors import intent_now
from training.services.locking import locked

Entities = Sequence[Mapping[str, Any]]
Verdict = Annotation.Verdict
MAX_ENTITIES = 100
NAMES_NO_INTENT = {"", "nlu_fallback"}


@dataclass(frozen=True)
class Judgement:
    verdict: str
    intent: str
    entities: list[dict[str, Any]]


def judge_message(
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
    judged (empty). A correction becomes an example to train on, a correct message one that is held out; taking the
    verdict back takes away what it taught. `move`: the text stops being an example of other intents.

    `revision` is the one that was seen (0: none yet). Raises ChangedMeanwhile where it is another one now.
    """
    with write_transaction():
        locked(message.conversation.environment.bot)
        hold(message.conversation_id)
        annotation = _annotation(message)
        wanted = _checked(annotation, verdict, intent, entities)
        if _holds(annotation, wanted) and not move:
            return annotation
        _refuse_unseen(annotation, revision)
        before = _judgement(annotation)
        unteach(annotation, by=by)
        annotation.verdict, annotation.intent, annotation.entities = wanted.verdict, wanted.intent, wanted.entities
        teach(annotation, by=by, move=move)
        changes = {name: (getattr(before, name), getattr(wanted, name)) for name in ("verdict", "intent", "entities")}
        _save(annotation, changes, by)
    return annotation


def flag_message(*, message: Message, flagged: bool, revision: int, by: User | None) -> Annotation:
    """Raises ChangedMeanwhile where `revision` is not the newest."""
    with write_transaction():
        talk = hold(message.conversation_id)
        annotation = _annotation(message)
        if annotation.flagged == flagged:
            return annotation
        _refuse_unseen(annotation, revision)
        annotation.flagged = flagged
        _save(annotation, {"flagged": (not flagged, flagged)}, by)
        talk.flag_count = Annotation.objects.filter(conversation=talk, flagged=True).count()
        talk.save(update_fields=["flag_count"])
    return annotation


def _checked(annotation: Annotation, verdict: str, intent: str, entities: Entities | None) -> Judgement:
    message = annotation.message
    if verdict not in Verdict.values:
        raise FrontdeskError("A verdict is correct, corrected or empty.", code="bad_verdict")
    if not verdict:
        return Judgement("", "", [])
    if not message.can_be_taught:
        raise FrontdeskError("Only what a visitor wrote can be judged.", code="bad_verdict")
    right = _right(annotation, message.intent if verdict == Verdict.CORRECT else intent.strip())
    if verdict == Verdict.CORRECTED and annotation.verdict == verdict and entities is None:
        entities = annotation.entities
    _check_entities(entities or [])
    marked = entities if verdict == Verdict.CORRECTED and entities is not None else message.entities
    return Judgement(verdict, right, [dict(entity) for entity in marked or []])


def _right(annotation: Annotation, intent: str) -> str:
    """By the name that it has now: an older version, or a page that was open, may know another one."""
    if intent in NAMES_NO_INTENT:
        raise FrontdeskError("Say which intent is right.", code="bad_verdict")
    now = intent_now(annotation.conversation.environment.bot, intent)
    if not now:
        words = f"The intent {intent} was deleted. Choose another one, or create it again in the training data."
        raise FrontdeskError(words, code="bad_verdict")
    return now


def _check_entities(entities: Entities) -> None:
    """What marks words of the text is checked once more where it is taught."""
    if not all(isinstance(it.get("entity"), str) and it["entity"] for it in entities):
        raise FrontdeskError("Every entity needs a name.", code="bad_entities")
    if len(entities) > MAX_ENTITIES or not strict_json.is_storable(entities):
        raise FrontdeskError("These entities can't be kept.", code="bad_entities")


def _annotation(message: Message) -> Annotation:
    """The message's, or one that is not stored yet."""
    rows = Annotation.objects.select_related("by", "example", "message", "conversation__environment__bot")
    found = rows.filter(message=message).first()
    return found or Annotation(message=message, conversation=message.conversation, revision=0)


def _refuse_unseen(annotation: Annotation, revision: int) -> None:
    if annotation.revision == revision:
        return
    who = annotation.by.get_username() if annotation.by else "Somebody"
    raise ChangedMeanwhile(
        f"{who} changed this meanwhile: {annotation.in_words}.",
        by=who,
        revision=annotation.revision,
        verdict=annotation.verdict,
        intent=annotation.intent,
        flagged=annotation.flagged,
    )


def _judgement(annotation: Annotation) -> Judgement:
    return Judgement(annotation.verdict, annotation.intent, annotation.entities)


def _holds(annotation: Annotation, wanted: Judgement) -> bool:
    return _judgement(annotation) == wanted and annotation.holds


def _save(annotation: Annotation, changes: audit.Changes, by: User | None) -> None:
    annotation.revision += 1
    annotation.by = by
    annotation.save()
    audit.record(annotation, changes, by=by)
    tell(annotation.conversation_id, annotation.message.seq)
