"""Which bot is meant: `?bot=main`, and the main one where nothing is said."""

from __future__ import annotations

from rest_framework import serializers

from assistant.lib.api.serializers import QuerySerializer
from training.models import MAIN

STAFF = {"default": None, "allow_null": True, "help_text": "User name of the member of staff."}


class BotQuerySerializer(QuerySerializer):
    """One bot, the main one by default."""

    bot = serializers.SlugField(max_length=60, default=MAIN)


class OptionalBotQuerySerializer(QuerySerializer):
    """For what is named without its bot: it must be this bot's where one is given."""

    bot = serializers.SlugField(max_length=60, required=False)
