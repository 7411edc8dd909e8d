"""Every message kept: conversations, their messages in order, and the engine's events behind them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from training.models import Environment, ModelVersion

NEWEST_FIRST = ["-last_active", "-id"]
UNSURE = 0.7  # a confidence below this is worth a look
LONG = 40  # messages


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """By what is still to be done."""

    def unanswered(self) -> ConversationQuerySet:
        return self.filter(answered_turn__lt=F("last_turn"))

    def unreviewed(self) -> ConversationQuerySet:
        return self.filter(reviewed_turn__lt=F("last_turn"))


class Conversation(models.Model):
    """One person's talk with the bot. `last_seq` numbers all messages, `last_turn` the inbound ones,
    `answered_turn` those that are done; `lease` names the one worker that may answer now. `snapshot` is the engine's
    state after the event at `snapshot_position`: with the events since, all that the next answer depends on."""

    class State(models.TextChoices):
        BOT = "bot", "Bot"
        WAITING = "waiting", "Waiting for a person"
        HUMAN = "human", "With a person"
        CLOSED = "closed", "Closed"

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(max_length=20)
    external_id = models.CharField("sender", max_length=255)
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.BOT)
    site = models.CharField(max_length=255, blank=True)
    locale = models.CharField(max_length=20, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    last_active = models.DateTimeField()
    last_seq = models.PositiveIntegerField(default=0)
    last_turn = models.PositiveIntegerField("messages by the visitor", default=0)
    answered_turn = models.PositiveIntegerField(default=0)
    event_count = models.PositiveIntegerField(default=0)
    failed_turns = models.PositiveIntegerField(default=0)
    lowest_confidence = models.FloatField(null=True, blank=True, help_text="Of the intents of its messages.")
    thumbs_down = models.PositiveIntegerField(default=0, db_default=0)
    # What staff made of it. It waits for review again where the visitor said more since.
    reviewed_turn = models.PositiveIntegerField(default=0, db_default=0)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    saved_for_later = models.BooleanField(default=False, db_default=False)
    flag_count = models.PositiveIntegerField("flagged messages", default=0, db_default=0)
    tags = models.ManyToManyField("conversations.Tag", blank=True, related_name="conversations")
    lease = models.CharField(max_length=32, null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    turn_started = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    snapshot = models.JSONField(null=True, blank=True)
    snapshot_position = models.PositiveIntegerField(default=0)
    spent = 0.0  # seconds since `turn_started` by the database's clock, where a worker took the turn

    objects = ConversationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="one_conversation_per_sender"),
            models.CheckConstraint(condition=Q(answered_turn__lte=F("last_turn")), name="answered_only_what_came"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(answered_turn__lt=F("last_turn")), name="unanswered"),
            models.Index(fields=NEWEST_FIRST, name="newest_first"),
            models.Index(fields=["channel", *NEWEST_FIRST], name="newest_of_channel"),
            models.Index(fields=["state", *NEWEST_FIRST], name="newest_of_state"),
            # What staff look for and few have. Each costs something only where it is true.
            models.Index(fields=NEWEST_FIRST, name="to_review", condition=Q(reviewed_turn__lt=F("last_turn"))),
            models.Index(fields=NEWEST_FIRST, name="reviewed", condition=Q(reviewed_turn__gt=0)),
            models.Index(fields=NEWEST_FIRST, name="failed", condition=Q(failed_turns__gt=0)),
            models.Index(fields=NEWEST_FIRST, name="disliked", condition=Q(thumbs_down__gt=0)),
            models.Index(fields=NEWEST_FIRST, name="flagged", condition=Q(flag_count__gt=0)),
            models.Index(fields=NEWEST_FIRST, name="saved_for_later", condition=Q(saved_for_later=True)),
            models.Index(fields=[*NEWEST_FIRST, "last_seq"], name="long", condition=Q(last_seq__gte=LONG)),
            models.Index(
                fields=[*NEWEST_FIRST, "lowest_confidence"], name="unsure", condition=Q(lowest_confidence__lt=UNSURE)
            ),
        ]
        permissions = [
            ("review_conversation", "Can review: correct, flag, tag, note, mark reviewed"),
            ("export_conversation", "Can export conversations"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.public_id}"


class Message(models.Model):
    """One message. `seq` has no gaps within a conversation. `turn`: for the visitor's messages their own number,
    for the bot's the turn they answer. `timings` are milliseconds by stage."""

    class Role(models.TextChoices):
        USER = "user", "Visitor"
        BOT = "bot", "Bot"
        STAFF = "staff", "Staff"
        SYSTEM = "system", "System"

    class Status(models.TextChoices):
        RECEIVED = "received", "Received"
        ANSWERED = "answered", "Answered"
        FAILED = "failed", "Failed"
        SENT = "sent", "Sent"

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages", db_index=False)
    seq = models.PositiveIntegerField()
    turn = models.PositiveIntegerField(null=True, blank=True)
    role = models.CharField(max_length=6, choices=Role.choices)
    status = models.CharField(max_length=8, choices=Status.choices)
    text = models.TextField(blank=True)
    created = models.DateTimeField()
    # What came in
    client_id = models.CharField(max_length=100, null=True, blank=True)
    payload = models.CharField(max_length=1000, blank=True, help_text="What a pressed button says to the bot.")
    metadata = models.JSONField(default=dict, blank=True)
    # What was understood
    model_version = models.ForeignKey(
        ModelVersion, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    intent = models.CharField(max_length=255, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    ranking = models.JSONField(null=True, blank=True)
    entities = models.JSONField(null=True, blank=True)
    timings = models.JSONField(null=True, blank=True)
    error = models.CharField(max_length=255, blank=True)
    # What went out
    action = models.CharField(max_length=255, blank=True)
    content = models.JSONField(default=dict, blank=True, help_text="Buttons, image, attachment, citations, custom.")
    feedback = models.CharField(max_length=4, blank=True, choices=[("up", "Thumbs up"), ("down", "Thumbs down")])
    feedback_reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="one_message_per_seq"),
            models.UniqueConstraint(
                fields=["conversation", "client_id"],
                name="one_message_per_client_id",
                condition=Q(client_id__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["conversation", "turn"], name="one_inbound_message_per_turn", condition=Q(role="user")
            ),
        ]
        indexes = [
            models.Index(fields=["intent", "-id"], name="messages_by_intent", condition=Q(role="user")),
            models.Index(fields=["model_version", "-id"], name="messages_by_version", condition=Q(role="user")),
            models.Index(fields=["-id"], name="failed_messages", condition=Q(status="failed")),
        ]
        ordering = ["conversation_id", "seq"]

    def __str__(self) -> str:
        return f"{self.conversation_id}#{self.seq}"

    @property
    def can_be_annotated(self) -> bool:
        """A visitor's own words. What a pressed button says (`/ask_hours`) names its intent itself."""
        return self.role == self.Role.USER and bool(self.text.strip()) and not self.payload and self.text[0] != "/"


class Event(models.Model):
    """One of the engine's events, in Rasa's JSON. Append-only; `position` has no gaps within a conversation."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="events", db_index=False)
    position = models.PositiveIntegerField()
    turn = models.PositiveIntegerField()
    data = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "position"], name="one_event_per_position")]
        ordering = ["conversation_id", "position"]

    def __str__(self) -> str:
        return f"{self.conversation_id}@{self.position}"
