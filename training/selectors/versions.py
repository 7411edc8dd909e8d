"""Reads of bots and their versions."""

from __future__ import annotations

from training.models import MAIN, PRODUCTION, Bot, Environment, ModelVersion


def production() -> Environment:
    """Where visitors are answered: the main bot's live environment, made on first use."""
    found = Environment.objects.filter(bot__name=MAIN, name=PRODUCTION).first()
    return found or _made()


def answering_version(bot: str) -> ModelVersion | None:
    """What is live in the bot's production, or else its newest version that is ready."""
    place = Environment.objects.filter(bot__name=bot, name=PRODUCTION).select_related("active_version").first()
    if place and place.active_version:
        return place.active_version
    return ModelVersion.objects.filter(bot__name=bot, status=ModelVersion.Status.READY).first()


def live_version(bot: Bot) -> ModelVersion | None:
    place = Environment.objects.filter(bot=bot, name=PRODUCTION).select_related("active_version__training_set").first()
    return place.active_version if place else None


def _made() -> Environment:
    bot, _ = Bot.objects.get_or_create(name=MAIN)
    return Environment.objects.get_or_create(bot=bot, name=PRODUCTION)[0]
