"""Shapes of what the API says about conversations."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assistant.lib.api.asked import Json
from conversations.models import Annotation, Conversation, Event, Message, Note

STAFF = {"allow_null": True, "help_text": "User name of the member of staff."}


class ConversationShape(serializers.ModelSerializer):
    id = serializers.UUIDField(source="public_id")
    sender = serializers.CharField(source="external_id")
    environment = serializers.CharField(source="environment.name")
    bot = serializers.CharField(source="environment.bot.name")
    messages = serializers.IntegerField(source="last_seq")
    unanswered = serializers.SerializerMethodField()
    reviewed = serializers.SerializerMethodField()
    reviewed_by = serializers.CharField(source="reviewed_by.username", default=None, **STAFF)
    tags = serializers.SlugRelatedField("name", many=True, read_only=True)

    class Meta:
        model = Conversation
        fields = (
            "id",
            "channel",
            "sender",
            "bot",
            "environment",
            "state",
            "site",
            "locale",
            "created",
            "last_active",
            "messages",
            "unanswered",
            "failed_turns",
            "lowest_confidence",
            "thumbs_down",
            "flag_count",
            "reviewed",
            "reviewed_at",
            "reviewed_by",
            "saved_for_later",
            "tags",
        )

    def get_unanswered(self, row: Conversation) -> int:
        return row.last_turn - row.answered_turn

    def get_reviewed(self, row: Conversation) -> bool:
        """False again where the visitor said more since."""
        return row.reviewed_turn >= row.last_turn


class Ranked(serializers.Serializer):
    name = serializers.CharField()
    confidence = serializers.FloatField()


class AnnotationShape(serializers.ModelSerializer):
    seq = serializers.IntegerField(source="message.seq")
    entities = serializers.ListField(child=Json())
    also_in = serializers.ListField(
        child=serializers.CharField(), help_text="Other intents that have the same words among their examples."
    )
    by = serializers.CharField(source="by.username", default=None, **STAFF)

    class Meta:
        model = Annotation
        fields = ("seq", "verdict", "intent", "entities", "also_in", "flagged", "revision", "by", "updated")


class MessageShape(serializers.ModelSerializer):
    model = serializers.CharField(source="model_version.name", default=None, allow_null=True)
    ranking = serializers.SerializerMethodField()
    entities = serializers.SerializerMethodField()
    timings = serializers.SerializerMethodField()
    content = Json()
    feedback = serializers.CharField()
    annotation = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = (
            "seq",
            "turn",
            "role",
            "status",
            "text",
            "payload",
            "content",
            "created",
            "intent",
            "confidence",
            "ranking",
            "entities",
            "timings",
            "action",
            "error",
            "model",
            "feedback",
            "feedback_reason",
            "annotation",
        )

    @extend_schema_field(Ranked(many=True))
    def get_ranking(self, row: Message) -> list:
        return row.ranking or []

    @extend_schema_field(serializers.ListField(child=Json()))
    def get_entities(self, row: Message) -> list:
        return row.entities or []

    @extend_schema_field(serializers.DictField(child=serializers.FloatField()))
    def get_timings(self, row: Message) -> dict:
        """Milliseconds by stage."""
        return row.timings or {}

    @extend_schema_field(AnnotationShape(allow_null=True))
    def get_annotation(self, row: Message) -> dict | None:
        found = getattr(row, "annotation", None)
        return AnnotationShape(found).data if found else None


class EventShape(serializers.ModelSerializer):
    data = Json(help_text="The event in Rasa's JSON.")

    class Meta:
        model = Event
        fields = ("position", "turn", "data")


class NoteShape(serializers.ModelSerializer):
    seq = serializers.IntegerField(source="message.seq", default=None, allow_null=True)
    by = serializers.CharField(source="by.username", default=None, **STAFF)

    class Meta:
        model = Note
        fields = ("id", "seq", "text", "by", "created", "updated")


class ReviewShape(serializers.Serializer):
    """What staff made of a conversation."""

    reviewed = serializers.BooleanField()
    reviewed_at = serializers.DateTimeField(allow_null=True)
    reviewed_by = serializers.CharField(**STAFF)
    saved_for_later = serializers.BooleanField()
    tags = serializers.ListField(child=serializers.CharField())
    annotations = AnnotationShape(many=True)
    notes = NoteShape(many=True)


class DeletedShape(serializers.Serializer):
    """What went, and what stays of what was said."""

    conversations = serializers.IntegerField()
    messages = serializers.IntegerField()
    events = serializers.IntegerField()
    examples_deleted = serializers.IntegerField()
    examples_kept = serializers.IntegerField(help_text="Made of these conversations only.")
    versions = serializers.ListField(
        child=serializers.CharField(), help_text="Trained on the deleted examples: they keep the texts."
    )
