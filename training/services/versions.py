"""Writes to versions: name them, put them live, take them back, delete them."""

from __future__ import annotations

import logging
from datetime import timedelta
from itertools import count
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from assistant.engine import EngineError, get_engine
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from training.models import PRODUCTION, Activation, Bot, Environment, Job, ModelVersion
from training.selectors.jobs import TO_DO

log = logging.getLogger("frontdesk.training")
DELETED = ModelVersion.Status.DELETED
KEPT = timedelta(hours=1)  # so long the file of a deleted version


class CannotActivate(FrontdeskError):
    code = "cannot_activate"
    status = 409


class CannotDelete(FrontdeskError):
    code = "cannot_delete"
    status = 409


def activate_version(*, version: ModelVersion, environment: str = PRODUCTION, by: User | None = None) -> Environment:
    """From the next message on, this version answers there. Messages that came before keep theirs. Raises
    CannotActivate."""
    with write_transaction():
        Environment.objects.get_or_create(bot=version.bot, name=environment)
        place = Environment.objects.select_for_update(of=("self",)).get(bot=version.bot, name=environment)
        return _put_live(place, version, by)


def roll_back(*, environment: Environment, by: User | None, seen: int | None = None) -> Environment:
    """Put back what the newest activation took the place of. `seen`: the id of the activation that the asker saw as the
    newest; where it no longer is, nothing changes. Raises CannotActivate."""
    with write_transaction():
        place = Environment.objects.select_for_update(of=("self",)).get(pk=environment.pk)
        newest = place.activations.select_related("previous").first()
        if newest is None or newest.previous is None:
            raise CannotActivate("There is nothing to go back to.")
        if seen is not None and newest.pk != seen:
            raise CannotActivate("Somebody put another version live meanwhile: look again.", code="changed_meanwhile")
        return _put_live(place, newest.previous, by)


def describe_version(*, version: ModelVersion, note: str, by: User | None) -> ModelVersion:
    with write_transaction():
        before, version.note = version.note, note.strip()[:200]
        version.save(update_fields=["note"])
        audit.record(version, {"note": (before, version.note)}, by=by)
    return version


def delete_version(*, version: ModelVersion, by: User | None) -> None:
    """Its evaluations and its file; the row stays, marked: a million messages may name it. The file goes later, in
    `clear_deleted`: a message that came while it was live is still answered by it. Raises CannotDelete for what is live
    or being worked on."""
    with write_transaction():
        row = ModelVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
        _check_unused(row)
        if row.status == DELETED:
            return
        row.status, row.deleted = DELETED, timezone.now()
        row.save(update_fields=["status", "deleted"])
        row.evaluations.all().delete()
        audit.record(row, {"name": (row.name, None)}, by=by, action=audit.DELETED)


def clear_deleted() -> int:
    """Delete the files of versions that were deleted a while ago. Returns how many there were."""
    rows = ModelVersion.objects.filter(status=DELETED, deleted__lt=timezone.now() - KEPT)
    there = [version.path for version in rows if version.path.exists()]
    for path in there:
        path.unlink(missing_ok=True)
    return len(there)


def named_version(*, bot: Bot, **fields: Any) -> ModelVersion:
    """A new row, called after its bot and the minute: `main-20261121-1209`. Called in a transaction."""
    stem = f"{bot.name}-{timezone.localtime():%Y%m%d-%H%M}"
    for number in count(1):
        name = stem if number == 1 else f"{stem}-{number}"
        try:
            with transaction.atomic():
                return ModelVersion.objects.create(bot=bot, name=name, **fields)
        except IntegrityError:
            if not ModelVersion.objects.filter(name=name).exists():
                raise
    raise AssertionError


def warm_up_live_models() -> None:
    """Load what is live into this process, so that the first message does not wait for it."""
    for place in Environment.objects.exclude(active_version=None).select_related("active_version"):
        assert place.active_version is not None
        try:
            get_engine().load(place.active_version.for_engine())
        except EngineError as error:
            log.error("%s could not be loaded: %s", place.active_version, error.message)


def _check_unused(version: ModelVersion) -> None:
    if Job.objects.filter(version=version, status__in=TO_DO).exists():
        raise CannotDelete("A job works on it. Cancel that, or wait for its end.")
    if version.live_in.exists():
        raise CannotDelete(f"{version.name} is live. Activate another version first.")


def _put_live(place: Environment, chosen: ModelVersion, by: User | None) -> Environment:
    version = ModelVersion.objects.select_for_update(of=("self",)).get(pk=chosen.pk)  # it may be deleted meanwhile
    if version.status != ModelVersion.Status.READY:
        raise CannotActivate(f"{version.name} is {version.get_status_display().lower()}, it can't go live.")
    before = place.active_version
    if before == version:
        return place
    place.active_version, place.activated = version, timezone.now()
    place.save(update_fields=["active_version", "activated"])
    Activation.objects.create(environment=place, version=version, previous=before, by=by)
    audit.record(place, {"active_version": (before and before.name, version.name)}, by=by)
    return place
