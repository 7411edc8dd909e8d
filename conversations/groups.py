"""Who hears of what over the channel layer. A group without members costs nothing.

On Redis their names begin with the installation's, and hints are encrypted with a key of its own.

`rest`: all processes in which REST callers wait.
"""

from __future__ import annotations

from uuid import UUID

REST = "rest"


def of_conversation(public_id: UUID) -> str:
    """Its sockets: the visitor's pages, and those of staff who read it."""
    return f"conversation.{public_id.hex}"


def of_review(conversation_id: int) -> str:
    """The staff who read it."""
    return f"review.{conversation_id}"
