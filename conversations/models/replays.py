"""Recent conversations, answered again by two versions."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from conversations.models.conversations import Conversation
from training.models import Job, ModelVersion


class Replay(models.Model):
    """The newest real conversations, answered again by two versions. Only the turns that differ are kept."""

    left = models.ForeignKey(ModelVersion, models.CASCADE, related_name="+")
    right = models.ForeignKey(ModelVersion, models.CASCADE, related_name="+")
    job = models.OneToOneField(Job, models.SET_NULL, null=True, blank=True, related_name="replay")
    conversations_asked = models.PositiveIntegerField(default=0)
    conversation_count = models.PositiveIntegerField("conversations", default=0)
    turn_count = models.PositiveIntegerField("turns", default=0)
    differing_count = models.PositiveIntegerField("differing turns", default=0)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return f"{self.left} / {self.right}"


class ReplayedTurn(models.Model):
    """A turn that differs. Each side: `{"intent", "confidence", "actions": [name], "says": [text], "error"}`."""

    replay = models.ForeignKey(Replay, models.CASCADE, related_name="turns")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+")
    seq = models.PositiveIntegerField()
    text = models.TextField()
    left = models.JSONField()
    right = models.JSONField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.replay_id}: {self.text[:40]}"
