"""Who hears of what over the channel layer. A group without members costs nothing.

On Redis their names begin with the installation's, and hints are encrypted with a key of its own.
"""

from __future__ import annotations

from uuid import UUID

REST = "rest"  # all processes in which REST callers wait


def conversation_group(public_id: UUID) -> str:
    """The sockets of a conversation: the visitor's pages, and those of staff who read it."""
    return f"conversation.{public_id.hex}"


def review_group(conversation_id: int) -> str:
    """The staff who read it."""
    return f"review.{conversation_id}"
