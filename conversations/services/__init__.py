"""Writes to conversations."""

from conversations.services.annotations import annotate_message, flag_message
from conversations.services.deletion import delete_conversations, delete_with_examples
from conversations.services.export import export_conversations
from conversations.services.feedback import give_feedback
from conversations.services.handoffs import close_handoff, reopen_handoff, request_handoff
from conversations.services.notes import add_note, change_note, delete_note, tag_conversation
from conversations.services.replays import CannotReplay, request_replay
from conversations.services.retention import apply_retention, set_retention
from conversations.services.reviews import mark_reviewed, mark_unreviewed, save_for_later
from conversations.services.undo import undo_in_conversation
from conversations.turns import StoredMessage, answer, open_conversation, receive

__all__ = [
    "CannotReplay",
    "StoredMessage",
    "add_note",
    "annotate_message",
    "answer",
    "apply_retention",
    "change_note",
    "close_handoff",
    "delete_conversations",
    "delete_note",
    "delete_with_examples",
    "export_conversations",
    "flag_message",
    "give_feedback",
    "mark_reviewed",
    "mark_unreviewed",
    "open_conversation",
    "receive",
    "reopen_handoff",
    "request_handoff",
    "request_replay",
    "save_for_later",
    "set_retention",
    "tag_conversation",
    "undo_in_conversation",
]
