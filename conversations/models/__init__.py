"""Every message kept; and what staff say about it."""

from conversations.models.conversations import Conversation, ConversationQuerySet, Event, Message
from conversations.models.replays import Replay, ReplayedTurn
from conversations.models.retention import Retention
from conversations.models.review import Annotation, Note, Tag

__all__ = [
    "Annotation",
    "Conversation",
    "ConversationQuerySet",
    "Event",
    "Message",
    "Note",
    "Replay",
    "ReplayedTurn",
    "Retention",
    "Tag",
]
