"""Writes to bots and models: train a version, put it live."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from assistant.engine import Bundle, EngineError, Progress, TrainingFailed, get_engine
from assistant.engine.archives import sign
from training.models import MAIN, PRODUCTION, Bot, BotFile, Environment, ModelVersion
from training.starter import starter_bundle

log = logging.getLogger("frontdesk.training")


def train_version(*, bot: Bot, on_progress: Callable[[Progress], None] | None = None) -> ModelVersion:
    """Train what the bot's files say now. Raises TrainingFailed, with the version kept as failed."""
    version = ModelVersion.objects.create(bot=bot, name=_new_name(bot), status=ModelVersion.Status.TRAINING)
    try:
        archive = get_engine().train(bundle_of(bot), version.path.parent, version.name, on_progress)
    except TrainingFailed as error:
        version.status, version.error = ModelVersion.Status.FAILED, error.message
        version.save(update_fields=["status", "error"])
        raise
    version.status = ModelVersion.Status.READY
    version.sha256, version.signature = archive.sha256, sign(archive.sha256)
    version.size, version.train_seconds = archive.size, round(archive.seconds, 2)
    version.history_turns = archive.history_turns
    version.save()
    return version


@transaction.atomic
def activate_version(*, version: ModelVersion, environment: str = PRODUCTION) -> Environment:
    """From the next message on, this version answers there. Messages that came before keep theirs."""
    if version.status != ModelVersion.Status.READY:
        raise TrainingFailed(f"{version.name} is {version.get_status_display().lower()}, it can't go live.")
    place, _ = Environment.objects.get_or_create(bot=version.bot, name=environment)
    place.active_version, place.activated = version, timezone.now()
    place.save(update_fields=["active_version", "activated"])
    return place


@transaction.atomic
def replace_files(*, bot: Bot, files: dict[str, str]) -> None:
    """The bot's project from now on: YAML texts by path."""
    bot.files.all().delete()
    BotFile.objects.bulk_create(BotFile(bot=bot, path=path, text=text) for path, text in files.items())


def bundle_of(bot: Bot) -> Bundle:
    files = dict(bot.files.values_list("path", "text"))
    if files:
        return Bundle(files)
    if bot.name == MAIN:
        return starter_bundle(settings.BASE_DIR)
    raise TrainingFailed(f"{bot.name} has nothing to train on: import a project first.")


def warm_up_live_models() -> None:
    """Load what is live into this process, so that the first message does not wait for it."""
    for place in Environment.objects.exclude(active_version=None).select_related("active_version"):
        assert place.active_version is not None
        try:
            get_engine().load(place.active_version.for_engine())
        except EngineError as error:
            log.error("%s could not be loaded: %s", place.active_version, error.message)


def _new_name(bot: Bot) -> str:
    return f"{bot.name}-{timezone.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
