"""What a verdict teaches the bot, and how that is taken back. Inside the verdict's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User

from conversations.models import Annotation
from training import selectors as taught
from training import services as training
from training.models import Example

TAUGHT = ("start", "end", "entity", "value", "role", "group")


def teach(annotation: Annotation, *, by: User | None, move: bool) -> None:
    """A correction is trained on; what was right is held out, unless it is trained on already."""
    if not annotation.verdict:
        return
    corrected = annotation.verdict == Annotation.Verdict.CORRECTED
    if move:
        annotation.moved = _moved_away(annotation, by)
    lesson = training.teach_judged(
        bot=annotation.conversation.environment.bot,
        intent=annotation.intent,
        text=annotation.message.text,
        entities=[span for span in map(_span, annotation.entities) if span],
        use=Example.Use.TRAINING if corrected else Example.Use.HELD_OUT,
        source=f"{annotation.conversation.public_id}#{annotation.message.seq}",
        by=by,
    )
    annotation.example = lesson.example
    before = None if _newest_of_the_others(annotation) else lesson.before
    annotation.taught = {"before": before, "after": lesson.after, "made": lesson.made}


def unteach(annotation: Annotation, *, by: User | None) -> None:
    """The example is as it was before, unless somebody has changed it since or another verdict needs it; what the
    verdict had moved away comes back, and an intent that it made goes where nothing else needs it."""
    bot = annotation.conversation.environment.bot
    if annotation.example is not None:
        _take_back(annotation, Example.objects.select_related("intent").get(pk=annotation.example.pk), by)
    if annotation.moved is not None:
        training.restore_deleted(bot=bot, mark=annotation.moved, by=by)
    if (annotation.taught or {}).get("made"):
        training.drop_unused_intent(bot=bot, name=annotation.intent, by=by)
    annotation.example = annotation.taught = annotation.moved = None


def _take_back(annotation: Annotation, example: Example, by: User | None) -> None:
    before = (annotation.taught or {}).get("before")
    other = _newest_of_the_others(annotation)
    if other is not None and other.taught and before:
        other.taught["before"] = before
        other.save(update_fields=["taught"])
    if not _is_as_taught(example, annotation):
        return
    if other is not None:
        before = (other.taught or {}).get("after")
    if before:
        training.put_back_judged(example=example, state=before, by=by)
    elif other is None and example.origin == Example.Origin.REVIEW:
        training.delete_examples(ids=[example.pk], by=by)


def _newest_of_the_others(annotation: Annotation) -> Annotation | None:
    """That teach the same example."""
    same = Annotation.objects.filter(example=annotation.example).exclude(pk=annotation.pk)
    return same.order_by("updated").last()


def _is_as_taught(example: Example, annotation: Annotation) -> bool:
    """Nobody has changed it since. Verdicts from before `taught` was kept do not know its entities and use."""
    after = (annotation.taught or {}).get("after") or {"use": example.use, "entities": example.entities}
    now = (example.deleted, example.intent.name, example.text, example.use, example.entities)
    return now == (None, annotation.intent, annotation.message.text.strip(), after["use"], after["entities"])


def _moved_away(annotation: Annotation, by: User | None) -> Any:
    """The mark of the examples that had the same text under other intents, None where there were none."""
    alike = taught.same_text(annotation.conversation.environment.bot, annotation.message.text)
    others = [example.pk for example in alike if example.intent.name != annotation.intent]
    return training.delete_examples(ids=others, by=by) if others else None


def _span(entity: Mapping[str, Any]) -> dict[str, Any] | None:
    """The entity as an example has it; None for what no place in the text says (a lookup's result, Duckling's)."""
    begins, ends, value = entity.get("start"), entity.get("end"), entity.get("value")
    if not (isinstance(begins, int) and isinstance(ends, int) and isinstance(value, str)):
        return None
    return {name: entity[name] for name in TAUGHT if entity.get(name) not in (None, "")}
