"""Verdicts name intents: where one gets another name, theirs follow."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from conversations.models import Annotation
from training.models import Bot
from training.signals import intent_renamed


@receiver(intent_renamed, dispatch_uid="rename-in-annotations")
def rename_in_annotations(sender: object, bot: Bot, old: str, new: str, **_: Any) -> None:
    """In the transaction of the change."""
    Annotation.objects.filter(conversation__environment__bot=bot, intent=old).update(intent=new)
