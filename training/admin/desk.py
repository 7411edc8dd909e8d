"""The top of the page of models: what is live and the way back, what training would take in, what is under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils import timezone

from assistant.lib.admin import parse_id
from training.admin.jobs import JobShown
from training.admin.shown import bar
from training.models import MAIN, PRODUCTION, Activation, Bot, Environment, Evaluation, ModelVersion
from training.selectors import changes_since, unfinished_jobs

FRESH = timedelta(minutes=10)  # so long after an activation its undoing is offered in large letters


@dataclass(frozen=True)
class Live:
    """A place, what answers there, and the newest activation: by it one goes back."""

    place: Environment
    activation: Activation | None

    @property
    def version(self) -> ModelVersion | None:
        return self.place.active_version

    @property
    def back_to(self) -> ModelVersion | None:
        before = self.activation.previous if self.activation else None
        return before if before and before.status == ModelVersion.Status.READY else None

    @property
    def fresh(self) -> bool:
        return bool(self.activation and self.back_to and timezone.now() - self.activation.at < FRESH)


def live_in(bot: Bot, environment: str = PRODUCTION) -> Live | None:
    rows = Environment.objects.select_related("bot", "active_version__training_set", "active_version__bot")
    place = rows.filter(bot=bot, name=environment).first()
    if place is None:
        return None
    newest = place.activations.select_related("version", "previous", "by").first()
    return Live(place, newest if newest and newest.version_id == place.active_version_id else None)


def chosen_bot(request: HttpRequest) -> Bot | None:
    asked = request.GET.get("bot__id__exact", "")
    if asked:
        return Bot.objects.filter(pk=parse_id(asked) or 0).first()
    return Bot.objects.filter(name=MAIN).first() or Bot.objects.order_by("name").first()


def desk(bot: Bot | None) -> dict[str, Any]:
    """What the template of the page's top is given."""
    live = live_in(bot) if bot else None
    version = live.version if live else None
    since = _newest_trained(bot) if bot and version else None
    return {
        "bot": bot,
        "bots": list(Bot.objects.order_by("name")) if Bot.objects.count() > 1 else [],
        "live": live,
        "since": since,
        "changes": changes_since(since) if since else None,
        "tried": _tried(version),
        "waiting": _newer_and_ready(bot, version) if bot and version else None,
        **jobs_of(bot),
    }


def jobs_of(bot: Bot | None) -> dict[str, Any]:
    rows = (
        unfinished_jobs().filter(bot=bot).select_related("bot", "version", "requested_by").defer("log") if bot else []
    )
    return {"bot": bot, "jobs": [JobShown(job, place) for place, job in enumerate(rows)]}


def _tried(version: ModelVersion | None) -> dict[str, Any] | None:
    """How the version did on held-out messages."""
    rows = Evaluation.objects.filter(version=version, kind=Evaluation.Kind.HELD_OUT)
    row = rows.first() if version else None
    if row is None or not row.report.get("accuracy"):
        return None
    return {"evaluation": row, "accuracy": bar(row.report["accuracy"])}


def _newer_and_ready(bot: Bot, live: ModelVersion) -> ModelVersion | None:
    """The newest version, if it is newer than what is live and was never live. Not a copy of an older one that was
    uploaded."""
    rows = ModelVersion.objects.filter(bot=bot, status=ModelVersion.Status.READY, id__gt=live.pk)
    older = ModelVersion.objects.filter(bot=bot, id__lt=OuterRef("id"), sha256=OuterRef("sha256")).exclude(sha256="")
    return rows.filter(activations=None).exclude(Exists(older)).order_by("-id").first()


def _newest_trained(bot: Bot) -> ModelVersion | None:
    """The newest that is ready and of which is known what it was taught."""
    rows = ModelVersion.objects.filter(bot=bot, status=ModelVersion.Status.READY).exclude(training_set=None)
    return rows.select_related("bot", "training_set").order_by("-created", "-id").first()
