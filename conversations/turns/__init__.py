"""The way of a turn, in three steps of one transaction each, in this order: `storing`, `claiming`, `completing`.

`answering` is the loop around the last two. Each step begins with an update of the conversation's row, which locks it
and decides whether the step happens at all. What else it writes and reads stands `FROM conversation`, which is that row
as the update returned it. `postgresql` makes one statement of a step, `sqlite` runs its parts one by one. `columns`
knows the columns: a new one of `Message` is a field of the model and nothing else.
"""

from conversations.turns.answering import answer, turn_for_engine
from conversations.turns.claiming import Claim, claim, next_message
from conversations.turns.completing import complete
from conversations.turns.storing import StoredMessage, open_conversation, receive

__all__ = [
    "Claim",
    "StoredMessage",
    "answer",
    "claim",
    "complete",
    "next_message",
    "open_conversation",
    "receive",
    "turn_for_engine",
]
