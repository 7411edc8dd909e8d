"""Conversations on the staff site."""

from conversations.admin.conversations import ConversationAdmin
from conversations.admin.replays import ReplayAdmin
from conversations.admin.retention import RetentionAdmin

__all__ = ["ConversationAdmin", "ReplayAdmin", "RetentionAdmin"]
