"""The top of the page of models: what is live and how to go back, what training would take in, what is under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils import timezone

from assistant.lib.admin import parse_id
from training.admin.formatting import interval_bar
from training.admin.jobs import JobProgress
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
        """None where nothing was activated yet."""
        return self.place.active_version

    @property
    def back_to(self) -> ModelVersion | None:
        """What rolling back would activate."""
        before = self.activation.previous if self.activation else None
        return before if before and before.status == ModelVersion.Status.READY else None

    @property
    def fresh(self) -> bool:
        """Whoever activated it may still be looking whether that was right."""
        return bool(self.activation and self.back_to and timezone.now() - self.activation.at < FRESH)


def live_in(bot: Bot, environment: str = PRODUCTION) -> Live | None:
    """None where the bot has no such environment."""
    rows = Environment.objects.select_related("bot", "active_version__training_set", "active_version__bot")
    place = rows.filter(bot=bot, name=environment).first()
    if place is None:
        return None
    # Only the activation of what is live can be rolled back.
    newest = place.activations.select_related("version", "previous", "by").first()
    return Live(place, newest if newest and newest.version_id == place.active_version_id else None)


def bot_in(request: HttpRequest) -> Bot | None:
    """The one that the list of versions is narrowed to, or the main one."""
    asked = request.GET.get("bot__id__exact", "")
    # Django's own name for this filter of the list, which the page's links use.
    if asked:
        return Bot.objects.filter(pk=parse_id(asked) or 0).first()
    return Bot.objects.filter(name=MAIN).first() or Bot.objects.order_by("name").first()


def overview_context(bot: Bot | None) -> dict[str, Any]:
    """What the template of the page's top is given."""
    live = live_in(bot) if bot else None
    version = live.version if live else None
    since = _newest_trained(bot) if bot and version else None
    return {
        "bot": bot,
        # One bot needs no choice.
        "bots": list(Bot.objects.order_by("name")) if Bot.objects.count() > 1 else [],
        "live": live,
        "since": since,
        "changes": changes_since(since) if since else None,
        "score": held_out_score(version) if version else None,
        "waiting": _newer_and_ready(bot, version) if bot and version else None,
        **queue_context(bot),
    }


def queue_context(bot: Bot | None) -> dict[str, Any]:
    """What the template of the jobs under way is given."""
    rows = unfinished_jobs().filter(bot=bot) if bot else unfinished_jobs().none()
    rows = rows.select_related("bot", "version", "requested_by").defer("log")  # a log may be long
    return {"bot": bot, "jobs": [JobProgress(job, place) for place, job in enumerate(rows)]}


def held_out_score(version: ModelVersion) -> dict[str, Any] | None:
    """How the version did on held-out messages the last time."""
    row = Evaluation.objects.filter(version=version, kind=Evaluation.Kind.HELD_OUT).first()
    if row is None or not row.report.get("accuracy"):
        return None
    return {"evaluation": row, "accuracy": interval_bar(row.report["accuracy"])}


def _newer_and_ready(bot: Bot, live: ModelVersion) -> ModelVersion | None:
    """The newest version, if it is newer than what is live and was never live. Not a copy of an older one that was
    uploaded."""
    rows = ModelVersion.objects.filter(bot=bot, status=ModelVersion.Status.READY, id__gt=live.pk)
    older = ModelVersion.objects.filter(bot=bot, id__lt=OuterRef("id"), sha256=OuterRef("sha256")).exclude(sha256="")
    return rows.filter(activations=None).exclude(Exists(older)).order_by("-id").first()


def _newest_trained(bot: Bot) -> ModelVersion | None:
    """The newest that is ready and of which is known what it was trained on."""
    rows = ModelVersion.objects.filter(bot=bot, status=ModelVersion.Status.READY).exclude(training_set=None)
    return rows.select_related("bot", "training_set").order_by("-created", "-id").first()
