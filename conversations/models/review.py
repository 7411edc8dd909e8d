"""What staff say about a conversation: annotations of its messages, tags, notes."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import models

from assistant.models import ChangeSet
from conversations.models.conversations import Conversation, Message
from training.models import Example

STAFF = settings.AUTH_USER_MODEL


class Tag(models.Model):
    """A word of staff's own for conversations, by which they find them again."""

    name = models.CharField(max_length=60, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Annotation(models.Model):
    """What staff say about one of the visitor's messages. `revision` grows with every change: whoever saves says which
    one they saw, so that nobody overwrites what they have not seen. `intent` and `entities` are what is right;
    `example` is the training example made of it: trained on after a correction, held out for evaluation where it was
    right. `change_set` has what it changed in the training data, which is undone before it says something else."""

    class Verdict(models.TextChoices):
        NONE = "", "Not judged"
        CORRECT = "correct", "Correct"
        CORRECTED = "corrected", "Corrected"

    message = models.OneToOneField(Message, models.CASCADE, related_name="annotation")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="annotations")
    verdict = models.CharField(max_length=9, choices=Verdict.choices, blank=True)
    intent = models.CharField(max_length=255, blank=True)
    entities = models.JSONField(default=list, blank=True)
    flagged = models.BooleanField(default=False)
    example = models.ForeignKey(Example, models.SET_NULL, null=True, blank=True, related_name="annotations")
    change_set = models.ForeignKey(ChangeSet, models.SET_NULL, null=True, editable=False, related_name="annotations")
    revision = models.PositiveIntegerField(default=1)
    by = models.ForeignKey(STAFF, models.SET_NULL, null=True, blank=True, related_name="+")
    updated = models.DateTimeField(auto_now=True)

    also_in: Sequence[str] = ()
    """Other intents that have the same words; known once `selectors.review.find_duplicates` has looked."""

    def __str__(self) -> str:
        return f"{self.message_id}: {self.get_verdict_display()}"

    @property
    def is_in_effect(self) -> bool:
        """Not where its example was moved to another intent since, or deleted."""
        example = self.example
        return example is None or (example.deleted is None and example.intent.name == self.intent)

    @property
    def in_words(self) -> str:
        """`corrected to ask_hours, flagged`"""
        verdict = str(self.get_verdict_display()).lower()
        return f"{verdict}{f' to {self.intent}' * (verdict == 'corrected')}{', flagged' * self.flagged}"


class Note(models.Model):
    """What staff write about a conversation, or about one message of it."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="notes")
    message = models.ForeignKey(Message, models.CASCADE, null=True, blank=True, related_name="notes")
    text = models.TextField(max_length=4000)
    by = models.ForeignKey(STAFF, models.SET_NULL, null=True, blank=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["created", "id"]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def seq(self) -> int:
        """Of the message that it is about, 0 where it is about the conversation as a whole."""
        return self.message.seq if self.message else 0
