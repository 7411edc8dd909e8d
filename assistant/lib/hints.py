"""Hints over the channel layer, from any thread. Delivered at most once: the row is the truth."""

from __future__ import annotations

import logging
from typing import Any

from channels.layers import get_channel_layer

from assistant.lib.threads import post

log = logging.getLogger("frontdesk.hints")


def hint(group: str, event: dict[str, Any]) -> None:
    """Send it to all sockets of the group, and do not wait."""
    post(_delivered(group, event))


async def _delivered(group: str, event: dict[str, Any]) -> None:
    layer = get_channel_layer()
    try:
        await layer.group_send(group, event)
    except Exception as error:  # only a hint: whoever waits asks the database
        log.warning("a hint was lost: %s", type(error).__name__)
