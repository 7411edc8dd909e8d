"""What the list of conversations can be narrowed to."""

from __future__ import annotations

from typing import cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from conversations.models import Conversation, ConversationQuerySet
from conversations.selectors import channels_in_use
from training.models import Environment

Lookups = list[tuple[str, str]]


class ChannelFilter(admin.SimpleListFilter):
    title, parameter_name = "channel", "channel"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Lookups:
        return [(name, name.capitalize()) for name in channels_in_use()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> QuerySet[Conversation]:
        return queryset.filter(channel=self.value()) if self.value() else queryset


class TroubleFilter(admin.SimpleListFilter):
    title, parameter_name = "trouble", "trouble"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Lookups:
        return [("failed", "Has failed messages"), ("unanswered", "Waits for an answer")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> QuerySet[Conversation]:
        if self.value() == "failed":
            return queryset.filter(failed_turns__gt=0)
        if self.value() == "unanswered":
            return cast(ConversationQuerySet, queryset).unanswered()
        return queryset


class EnvironmentFilter(admin.SimpleListFilter):
    title, parameter_name = "environment", "environment"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Lookups:
        return [(str(place.pk), str(place)) for place in Environment.objects.select_related("bot")]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1

    def queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> QuerySet[Conversation]:
        value = self.value() or ""
        return queryset.filter(environment=int(value)) if value.isdecimal() else queryset
