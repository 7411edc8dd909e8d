"""What requests about conversations bring, and what the answers show."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assistant.lib.api.serializers import MAX_BIGINT, JsonObjectField, QuerySerializer, StrictSerializer
from conversations.models import Annotation, Conversation, Event, Message, Note
from conversations.selectors.lists import REVIEW_FILTERS, TROUBLE_FILTERS
from conversations.services.export import CSV, JSON, RASA

STAFF = {"allow_null": True, "help_text": "User name of the member of staff."}


class ConversationFilterSerializer(QuerySerializer):
    """As on the staff site's list. Together they narrow; what is left out narrows nothing."""

    state = serializers.ChoiceField(Conversation.State.choices, required=False)
    channel = serializers.CharField(max_length=20, required=False)
    review = serializers.ChoiceField(sorted(REVIEW_FILTERS), required=False)
    trouble = serializers.ChoiceField(sorted(TROUBLE_FILTERS), required=False)
    failed = serializers.BooleanField(
        required=False, help_text="true: some message failed. The same as trouble=failed."
    )
    intent = serializers.CharField(max_length=255, required=False, help_text="A message was understood as this.")
    max_confidence = serializers.FloatField(
        min_value=0, max_value=1, required=False, help_text="Some message was understood with less."
    )
    since = serializers.DateTimeField(required=False, help_text="Last active then or later.")
    until = serializers.DateTimeField(required=False, help_text="Last active before.")
    tag = serializers.CharField(max_length=60, required=False)
    q = serializers.CharField(max_length=200, required=False, help_text="Words of any message, sender or id.")


class ExportQuerySerializer(QuerySerializer):
    """The format of one exported conversation."""

    format = serializers.ChoiceField([JSON, CSV, RASA], default=JSON)


class FilteredExportQuerySerializer(ExportQuerySerializer, ConversationFilterSerializer):
    """The format, and the filters of the list."""


class ExamplesField(serializers.ChoiceField):
    """What was made of the conversations that are deleted, and of no others."""

    def __init__(self, **kwargs: Any) -> None:
        words = "`delete`: also the examples that were made of them only, with what evaluations and the log quote."
        super().__init__(["keep", "delete"], default="keep", help_text=words, **kwargs)


class DeletionQuerySerializer(QuerySerializer):
    """What happens to the examples of one deleted conversation."""

    examples = ExamplesField()


class BulkDeletionSerializer(StrictSerializer):
    """Which conversations to delete."""

    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=1000)
    examples = ExamplesField()


class TagListField(serializers.ListField):
    """Names; in whatever case they are the same."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.CharField(max_length=60), max_length=20, **kwargs)


class ReviewChangeSerializer(StrictSerializer):
    """One or several parts of a review; they are applied together or not at all.

    A verdict or a flag belongs to a message: `seq` is its number and `revision` that of its annotation as you saw it
    (0 where there was none). Where somebody changed it meanwhile the answer is 409.
    """

    seq = serializers.IntegerField(min_value=1, max_value=MAX_BIGINT, required=False)
    revision = serializers.IntegerField(min_value=0, max_value=MAX_BIGINT, required=False)
    verdict = serializers.ChoiceField(Annotation.Verdict.choices, required=False, allow_blank=True)
    intent = serializers.CharField(max_length=255, required=False, help_text="What is right, where it was corrected.")
    entities = serializers.ListField(child=JsonObjectField(), max_length=100, required=False)
    flagged = serializers.BooleanField(required=False)
    note = serializers.CharField(max_length=4000, required=False)
    add_tags = TagListField(required=False)
    remove_tags = TagListField(required=False)
    reviewed = serializers.BooleanField(required=False)
    seen_turn = serializers.IntegerField(
        min_value=0,
        max_value=MAX_BIGINT,
        required=False,
        help_text="Reviewed up to this turn of the visitor, the last that you have seen; left out, all there are.",
    )
    saved_for_later = serializers.BooleanField(required=False)
    waiting = serializers.BooleanField(required=False, help_text="False: who asked for a person was taken care of.")

    def validate(self, attrs: dict) -> dict:
        # These say of what, and how; a body with nothing else would change nothing.
        if not set(attrs) - {"seq", "revision", "intent", "entities", "seen_turn"}:
            raise serializers.ValidationError("Say what to change: verdict, flagged, note, add_tags, reviewed, ...")
        # Without them nobody knows which message is meant, or whether somebody else was faster.
        for name in ("seq", "revision"):
            if {"verdict", "flagged"} & set(attrs) and name not in attrs:
                raise serializers.ValidationError({name: "Needed with verdict or flagged."})
        return attrs


class ConversationSerializer(serializers.ModelSerializer):
    """A conversation without what was said in it."""

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


class RankedIntentSerializer(serializers.Serializer):
    """An intent that a message may have had."""

    name = serializers.CharField()
    confidence = serializers.FloatField()


class AnnotationSerializer(serializers.ModelSerializer):
    """What staff said about a message of the visitor."""

    seq = serializers.IntegerField(source="message.seq")
    entities = serializers.ListField(child=JsonObjectField())
    also_in = serializers.ListField(
        child=serializers.CharField(), help_text="Other intents that have the same words among their examples."
    )
    by = serializers.CharField(source="by.username", default=None, **STAFF)

    class Meta:
        model = Annotation
        fields = ("seq", "verdict", "intent", "entities", "also_in", "flagged", "revision", "by", "updated")


class MessageSerializer(serializers.ModelSerializer):
    """A message, what was understood, and what staff said about it."""

    model = serializers.CharField(source="model_version.name", default=None, allow_null=True)
    ranking = serializers.SerializerMethodField()
    entities = serializers.SerializerMethodField()
    timings = serializers.SerializerMethodField()
    content = JsonObjectField()
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

    @extend_schema_field(RankedIntentSerializer(many=True))
    def get_ranking(self, row: Message) -> list:
        return row.ranking or []

    @extend_schema_field(serializers.ListField(child=JsonObjectField()))
    def get_entities(self, row: Message) -> list:
        return row.entities or []

    @extend_schema_field(serializers.DictField(child=serializers.FloatField()))
    def get_timings(self, row: Message) -> dict:
        """Milliseconds by stage."""
        return row.timings or {}

    @extend_schema_field(AnnotationSerializer(allow_null=True))
    def get_annotation(self, row: Message) -> dict | None:
        annotation = getattr(row, "annotation", None)
        return AnnotationSerializer(annotation).data if annotation else None


class EventSerializer(serializers.ModelSerializer):
    """One step of the dialogue."""

    data = JsonObjectField(help_text="The event in Rasa's JSON.")

    class Meta:
        model = Event
        fields = ("position", "turn", "data")


class NoteSerializer(serializers.ModelSerializer):
    """Words of staff beside a conversation, or beside one of its messages."""

    seq = serializers.IntegerField(source="message.seq", default=None, allow_null=True)
    by = serializers.CharField(source="by.username", default=None, **STAFF)

    class Meta:
        model = Note
        fields = ("id", "seq", "text", "by", "created", "updated")


class ReviewSerializer(serializers.Serializer):
    """What staff made of a conversation."""

    reviewed = serializers.BooleanField()
    reviewed_at = serializers.DateTimeField(allow_null=True)
    reviewed_by = serializers.CharField(**STAFF)
    saved_for_later = serializers.BooleanField()
    tags = serializers.ListField(child=serializers.CharField())
    annotations = AnnotationSerializer(many=True)
    notes = NoteSerializer(many=True)


class DeletionSerializer(serializers.Serializer):
    """What went, and what stays of what was said."""

    conversations = serializers.IntegerField()
    messages = serializers.IntegerField()
    events = serializers.IntegerField()
    examples_deleted = serializers.IntegerField()
    examples_kept = serializers.IntegerField(help_text="Made of these conversations only.")
    versions = serializers.ListField(
        child=serializers.CharField(), help_text="Trained on the deleted examples: they keep the texts."
    )
