"""Writes to conversations."""

from conversations.services.caring import take_care
from conversations.services.deleting import delete_conversations
from conversations.services.erasing import delete_with_examples, examples_made_of
from conversations.services.exporting import export_conversations
from conversations.services.judging import flag_message, judge_message
from conversations.services.noting import add_note, change_note, delete_note, tag_conversation
from conversations.services.remarks import give_feedback, request_handoff
from conversations.services.replaying import CannotReplay, ask_for_replay
from conversations.services.retaining import apply_retention, set_retention
from conversations.services.reviewing import mark_reviewed, mark_unreviewed, save_for_later, take_back
from conversations.turns import StoredMessage, answer, open_conversation, receive

__all__ = [
    "CannotReplay",
    "StoredMessage",
    "add_note",
    "answer",
    "apply_retention",
    "ask_for_replay",
    "change_note",
    "delete_conversations",
    "delete_note",
    "delete_with_examples",
    "examples_made_of",
    "export_conversations",
    "flag_message",
    "give_feedback",
    "judge_message",
    "mark_reviewed",
    "mark_unreviewed",
    "open_conversation",
    "receive",
    "request_handoff",
    "save_for_later",
    "set_retention",
    "tag_conversation",
    "take_back",
    "take_care",
]
