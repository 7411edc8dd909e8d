"""What an annotation changes in the training data, and how that is undone. Inside the annotation's transaction."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.dispatch import receiver

from assistant.change_sets import Step, take_back
from conversations.models import Annotation
from training import selectors as training_data
from training import services as training
from training.models import Bot, Example, Intent
from training.signals import intent_renamed, merge_undone

ENTITY_FIELDS = ("start", "end", "entity", "value", "role", "group")


def apply_correction(annotation: Annotation, step: Step, *, by: User | None, move: bool) -> None:
    """A correction is trained on; what was right is held out, unless it is trained on already. `step` records it."""
    if not annotation.verdict:
        return
    bot = annotation.conversation.environment.bot
    if move:
        alike = training_data.same_text(bot, annotation.message.text)
        others = [example.pk for example in alike if example.intent.name != annotation.intent]
        training.delete_examples(ids=others, by=by)
    corrected = annotation.verdict == Annotation.Verdict.CORRECTED
    annotation.example = training.apply_correction(
        bot=bot,
        intent=annotation.intent,
        text=annotation.message.text,
        entities=_entities_in_text(annotation),
        use=Example.Use.TRAINING if corrected else Example.Use.HELD_OUT,
        source=f"{annotation.conversation.public_id}#{annotation.message.seq}",
        by=by,
    )
    annotation.change_set = step.saved()


def undo_correction(annotation: Annotation, *, by: User | None) -> None:
    """The training data is as it was before, but for what somebody has changed since, another annotation among them:
    who undoes that last has it as it was before both. An intent that was made goes where nothing else needs it."""
    if annotation.change_set is not None:
        take_back(annotation.change_set, of="training.", by=by)
    annotation.example = annotation.change_set = None


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
