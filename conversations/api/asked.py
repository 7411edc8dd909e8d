"""Shapes of what is asked about conversations."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from assistant.lib.api.asked import LARGEST, Json, Query, Strict
from conversations.models import Annotation, Conversation
from conversations.selectors.finding import REVIEWS, TROUBLES
from conversations.services.exporting import CSV, JSON, RASA


class Filters(Query):
    """As on the staff site's list. Together they narrow; what is left out narrows nothing."""

    state = serializers.ChoiceField(Conversation.State.choices, required=False)
    channel = serializers.CharField(max_length=20, required=False)
    review = serializers.ChoiceField(sorted(REVIEWS), required=False)
    trouble = serializers.ChoiceField(sorted(TROUBLES), required=False)
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


class Format(Query):
    format = serializers.ChoiceField([JSON, CSV, RASA], default=JSON)


class ExportQuery(Format, Filters):
    pass


class Examples(serializers.ChoiceField):
    """What was made of the conversations that are deleted, and of no others."""

    def __init__(self, **kwargs: Any) -> None:
        words = "`delete`: also the examples that were made of them only, with what evaluations and the log quote."
        super().__init__(["keep", "delete"], default="keep", help_text=words, **kwargs)


class Deleting(Query):
    examples = Examples()


class Chosen(Strict):
    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=1000)
    examples = Examples()


class Entity(Json):
    pass


class Tags(serializers.ListField):
    """Names; in whatever case they are the same."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.CharField(max_length=60), max_length=20, **kwargs)


class Reviewing(Strict):
    """One or several parts of a review; they are applied together or not at all.

    A verdict or a flag belongs to a message: `seq` is its number and `revision` that of its annotation as you saw it
    (0 where there was none). Where somebody changed it meanwhile the answer is 409.
    """

    seq = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False)
    revision = serializers.IntegerField(min_value=0, max_value=LARGEST, required=False)
    verdict = serializers.ChoiceField(Annotation.Verdict.choices, required=False, allow_blank=True)
    intent = serializers.CharField(max_length=255, required=False, help_text="What is right, where it was corrected.")
    entities = serializers.ListField(child=Entity(), max_length=100, required=False)
    flagged = serializers.BooleanField(required=False)
    note = serializers.CharField(max_length=4000, required=False)
    add_tags = Tags(required=False)
    remove_tags = Tags(required=False)
    reviewed = serializers.BooleanField(required=False)
    seen_turn = serializers.IntegerField(
        min_value=0,
        max_value=LARGEST,
        required=False,
        help_text="Reviewed up to this turn of the visitor, the last that you have seen; left out, all there are.",
    )
    saved_for_later = serializers.BooleanField(required=False)
    waiting = serializers.BooleanField(required=False, help_text="False: who asked for a person was taken care of.")

    def validate(self, asked: dict) -> dict:
        if not set(asked) - {"seq", "revision", "intent", "entities", "seen_turn"}:
            raise serializers.ValidationError("Say what to change: verdict, flagged, note, add_tags, reviewed, ...")
        for name in ("seq", "revision"):
            if {"verdict", "flagged"} & set(asked) and name not in asked:
                raise serializers.ValidationError({name: "Needed with verdict or flagged."})
        return asked
