"""Conversations on the staff site: find one, read it."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from assistant.lib.admin import Navigation, Panel, ReadOnlyAdmin, Section
from conversations.admin.actions import TakingOut
from conversations.admin.panels import panels, sections
from conversations.admin.replays import ReplayAdmin
from conversations.admin.retention import RetentionAdmin
from conversations.admin.review import ReviewPages
from conversations.models import Conversation

__all__ = ["ConversationAdmin", "ReplayAdmin", "RetentionAdmin"]


@admin.register(Conversation)
class ConversationAdmin(TakingOut, ReviewPages, ReadOnlyAdmin):
    navigation = [Navigation("Conversations", 10, also=("admin:conversations_retention_changelist",))]

    def panels(self, request: HttpRequest) -> list[Panel]:
        return panels()

    def sections(self, request: HttpRequest) -> list[Section]:
        return sections()
