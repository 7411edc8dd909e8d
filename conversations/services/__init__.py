"""Writes to conversations."""

from conversations.services.answering import answer
from conversations.services.receiving import Received, open_conversation, receive
from conversations.services.remarks import give_feedback, request_handoff

__all__ = ["Received", "answer", "give_feedback", "open_conversation", "receive", "request_handoff"]
