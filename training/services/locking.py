"""One writer of a bot's data at a time."""

from __future__ import annotations

from training.models import Bot


def locked(bot: Bot) -> Bot:
    """The bot's row, locked until the transaction ends: what is read under it fits together. Rows that only name the
    bot are written meanwhile. Called in `writing()`."""
    return Bot.objects.select_for_update(no_key=True).get(pk=bot.pk)
