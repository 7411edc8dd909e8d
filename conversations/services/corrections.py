"""What an annotation changes in the training data, and how that is undone. Inside the annotation's transaction."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.dispatch import receiver

from conversations.models import Annotation
from training import selectors as training_data
from training import services as training
from training.models import Bot, Example, Intent
from training.signals import intent_renamed, merge_undone

ENTITY_FIELDS = ("start", "end", "entity", "value", "role", "group")


def apply_correction(annotation: Annotation, *, by: User | None, move: bool) -> None:
    """A correction is trained on; what was right is held out, unless it is trained on already."""
    if not annotation.verdict:
        return
    bot = annotation.conversation.environment.bot
    if move:
        alike = training_data.same_text(bot, annotation.message.text)
        others = [example.pk for example in alike if example.intent.name != annotation.intent]
        annotation.moved_at = training.delete_examples(ids=others, by=by) if others else None
    corrected = annotation.verdict == Annotation.Verdict.CORRECTED
    correction = training.apply_correction(
        bot=bot,
        intent=annotation.intent,
        text=annotation.message.text,
        entities=_entities_in_text(annotation),
        use=Example.Use.TRAINING if corrected else Example.Use.HELD_OUT,
        source=f"{annotation.conversation.public_id}#{annotation.message.seq}",
        by=by,
    )
    annotation.example = correction.example
    # Where another annotation has the same example, only that one knows what was there without any.
    before = None if _newest_other(annotation) else correction.before
    annotation.example_states = {"before": before, "after": correction.after, "made": correction.made_intent}


def undo_correction(annotation: Annotation, *, by: User | None) -> None:
    """The example is as it was before, unless somebody has changed it since or another annotation needs it; examples
    that were moved away come back, and an intent that was created goes where nothing else needs it."""
    bot = annotation.conversation.environment.bot
    if annotation.example is not None:
        _restore_example(annotation, Example.objects.select_related("intent").get(pk=annotation.example.pk), by)
    if annotation.moved_at is not None:
        training.restore_deleted(bot=bot, mark=annotation.moved_at, by=by)
    if (annotation.example_states or {}).get("made"):
        training.delete_unused_intent(bot=bot, name=annotation.intent, by=by)
    annotation.example = annotation.example_states = annotation.moved_at = None


def _restore_example(annotation: Annotation, example: Example, by: User | None) -> None:
    states = annotation.example_states or {}
    before = states.get("before")
    other = _newest_other(annotation)
    # The other one takes over what only this one knew, or nobody could undo it any more.
    if other is not None and other.example_states and before:
        other.example_states["before"] = before
        other.save(update_fields=["example_states"])
    # Annotations from before the states were kept do not know its entities and use.
    after = states.get("after") or {"use": example.use, "entities": example.entities}
    now = (example.deleted, example.intent.name, example.text, example.use, example.entities)
    if now != (None, annotation.intent, annotation.message.text.strip(), after["use"], after["entities"]):
        return  # somebody has changed it since
    if other is not None:
        before = (other.example_states or {}).get("after")
    if before:
        training.revert_correction(example=example, state=before, by=by)
    elif other is None and example.origin == Example.Origin.REVIEW:
        training.delete_examples(ids=[example.pk], by=by)


def _newest_other(annotation: Annotation) -> Annotation | None:
    """Of the annotations that have the same example."""
    same = Annotation.objects.filter(example=annotation.example).exclude(pk=annotation.pk)
    return same.order_by("updated").last()


def _entities_in_text(annotation: Annotation) -> list[dict[str, Any]]:
    """As an example has them: without those that no place in the text says (a lookup's result, Duckling's)."""
    return [
        {name: entity[name] for name in ENTITY_FIELDS if entity.get(name) not in (None, "")}
        for entity in annotation.entities
        if isinstance(entity.get("start"), int)
        and isinstance(entity.get("end"), int)
        and isinstance(entity.get("value"), str)
    ]


@receiver(intent_renamed, dispatch_uid="rename-in-annotations")
def rename_in_annotations(sender: object, bot: Bot, old: str, new: str, **_: Any) -> None:
    """Annotations name intents: they follow, in the transaction of the change."""
    Annotation.objects.filter(conversation__environment__bot=bot, intent=old).update(intent=new)


@receiver(merge_undone, dispatch_uid="unmerge-in-annotations")
def unmerge_in_annotations(sender: object, bot: Bot, intent: Intent, was: str, **_: Any) -> None:
    """The annotations whose examples went back to the intent, in the transaction of the change."""
    rows = Annotation.objects.filter(conversation__environment__bot=bot, intent=was, example__intent=intent)
    rows.update(intent=intent.name)
