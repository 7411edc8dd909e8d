"""The way of a turn, in three steps of one transaction each: `storing`, `claiming`, `completing`.

`answering` is the loop around the last two. A statement locks the conversation's row, and the rest of its step is
written with what that row says: on PostgreSQL in the same statement, on SQLite one by one.
"""

from conversations.turns.answering import answer
from conversations.turns.claiming import Claim, claim
from conversations.turns.completing import complete
from conversations.turns.storing import StoredMessage, open_conversation, receive

__all__ = ["Claim", "StoredMessage", "answer", "claim", "complete", "open_conversation", "receive"]
