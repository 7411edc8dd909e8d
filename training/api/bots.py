"""Which bot is meant: `?bot=main`, and the main one where nothing is said."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from assistant.lib.api.asked import Query
from assistant.lib.api.doors import Door, found
from training.models import MAIN, Bot

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class OfBot(Query):
    bot = serializers.SlugField(max_length=60, default=MAIN)


class OfAnyBot(Query):
    """For what is named without its bot: it must be this bot's where one is given."""

    bot = serializers.SlugField(max_length=60, required=False)


class BotDoor(Door):
    """A collection of one bot's."""

    queries = dict.fromkeys(METHODS, OfBot)

    def bot(self) -> Bot:
        return found(Bot.objects.all(), "bot", name=self.query["bot"])


class RowDoor(Door):
    """One row, or several by their ids."""

    queries = dict.fromkeys(METHODS, OfAnyBot)

    def among(self, rows: Any) -> QuerySet[Any]:
        name = self.query.get("bot")
        return rows.filter(bot__name=name) if name else rows
