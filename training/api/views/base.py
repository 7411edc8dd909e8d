"""Views of what belongs to a bot."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from assistant.lib.api.views import ApiView, get_object_or_404
from training.api.serializers.bots import BotQuerySerializer, OptionalBotQuerySerializer
from training.models import Bot


class BotView(ApiView):
    """What one bot has: `self.bot`, which the query names."""

    query_serializer_class = BotQuerySerializer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.bot = get_object_or_404(Bot.objects.all(), name=self.query["bot"])

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(bot=self.bot)


class AnyBotView(ApiView):
    """Rows whose id or name says enough. Where the query names a bot, they must be that bot's."""

    query_serializer_class = OptionalBotQuerySerializer

    def get_queryset(self) -> QuerySet[Any]:
        rows, name = super().get_queryset(), self.query.get("bot")
        return rows.filter(bot__name=name) if name else rows
