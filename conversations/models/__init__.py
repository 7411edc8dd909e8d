"""Every message kept; and what staff made of it."""

from conversations.models.replays import Replay, ReplayedTurn
from conversations.models.retention import Retention
from conversations.models.review import Annotation, Note, Tag
from conversations.models.talk import Conversation, ConversationQuerySet, Event, Message

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
