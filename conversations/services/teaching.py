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
    bot, corrected = annotation.conversation.environment.bot, annotation.verdict == Annotation.Verdict.CORRECTED
    if move:
        annotation.moved = _moved_away(annotation, by)
    spans = [span for span in map(_span, annotation.entities) if span]
    example = training.add_example(
        bot=bot,
        intent=annotation.intent,
        text=annotation.message.text,
        entities=spans,
        use=Example.Use.TRAINING if corrected else Example.Use.HELD_OUT,
        origin=Example.Origin.REVIEW,
        source=f"{annotation.conversation.public_id}#{annotation.message.seq}",
        by=by,
    )
    annotation.example = _brought_up_to_date(example, spans, by) if corrected else example


def unteach(annotation: Annotation, *, by: User | None) -> None:
    """The example goes where a verdict made it and no other verdict needs it; what it had moved away comes back."""
    example, moved = annotation.example, annotation.moved
    annotation.example = annotation.moved = None
    if example is not None and _is_only_ours(example, annotation):
        training.delete_examples(ids=[example.pk], by=by)
    if moved is not None:
        training.restore_deleted(bot=annotation.conversation.environment.bot, mark=moved, by=by)


def _moved_away(annotation: Annotation, by: User | None) -> Any:
    """The mark of the examples that had the same text under other intents, None where there were none."""
    alike = taught.same_text(annotation.conversation.environment.bot, annotation.message.text)
    others = [example.pk for example in alike if example.intent.name != annotation.intent]
    return training.delete_examples(ids=others, by=by) if others else None


def _brought_up_to_date(example: Example, spans: list[dict[str, Any]], by: User | None) -> Example:
    """It may have been there, held out or with other entities: staff say now how it is right."""
    if example.use == Example.Use.TRAINING and [_span(it) for it in example.entities] == spans:
        return example
    training.change_example(example=example, by=by, revision=example.revision, entities=spans, use=Example.Use.TRAINING)
    example.refresh_from_db()
    return example


def _is_only_ours(example: Example, annotation: Annotation) -> bool:
    made_here = example.deleted is None and example.origin == Example.Origin.REVIEW
    return made_here and not example.annotations.exclude(pk=annotation.pk).exists()


def _span(entity: Mapping[str, Any]) -> dict[str, Any] | None:
    """The entity as an example has it; None for what no place in the text says (a lookup's result, Duckling's)."""
    begins, ends, value = entity.get("start"), entity.get("end"), entity.get("value")
    if not (isinstance(begins, int) and isinstance(ends, int) and isinstance(value, str)):
        return None
    return {name: entity[name] for name in TAUGHT if entity.get(name) not in (None, "")}
