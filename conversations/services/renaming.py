"""Verdicts name intents: where one gets another name, theirs follow."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from conversations.models import Annotation
from training.models import Bot, Intent
from training.signals import intent_renamed, merge_undone


@receiver(intent_renamed, dispatch_uid="rename-in-annotations")
def rename_in_annotations(sender: object, bot: Bot, old: str, new: str, **_: Any) -> None:
    """In the transaction of the change."""
    Annotation.objects.filter(conversation__environment__bot=bot, intent=old).update(intent=new)


@receiver(merge_undone, dispatch_uid="unmerge-in-annotations")
def unmerge_in_annotations(sender: object, bot: Bot, intent: Intent, was: str, **_: Any) -> None:
    """What taught the examples that went back, in the transaction of the change."""
    theirs = Annotation.objects.filter(conversation__environment__bot=bot, intent=was, example__intent=intent)
    theirs.update(intent=intent.name)
