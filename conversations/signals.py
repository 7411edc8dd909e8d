"""What happens to a conversation, for whoever wants to know. Sent after the commit, from any thread."""

from django.dispatch import Signal

turn_received = Signal()
"""A visitor's message is stored. Arguments: `conversation_id: int`."""

messages_added = Signal()
"""New messages can be shown. Arguments: `conversation: Conversation`, `messages: list[Message]`, oldest first."""

turn_answered = Signal()
"""The engine's answer can be shown. Arguments: `conversation: Conversation`, `turn: int`, `messages: list[Message]`,
oldest first; none where the bot keeps quiet."""

state_changed = Signal()
"""Arguments: `conversation: Conversation`."""

feedback_given = Signal()
"""A visitor's thumbs for a message of the bot are others now. Arguments: `conversation_id: int`, `seq: int`."""

review_changed = Signal()
"""Staff annotated, flagged, tagged, noted or reviewed. Arguments: `conversation_id: int`, `seq: int` of the message,
0 where it is about the whole conversation."""
