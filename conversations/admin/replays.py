"""Replays: what two versions would have said to the same people, turn by turn where it differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assistant.lib.admin import Navigation, PermissionAdmin, ReadOnlyAdmin, Section, parse_id
from assistant.lib.errors import FrontdeskError
from conversations.models import Replay
from conversations.selectors.replays import differing_conversation_count, intent_pairs
from conversations.services import request_replay
from conversations.services.replays import FEWEST, MOST
from training.models import Job, ModelVersion
from training.selectors import production

OFFERED = 100  # versions to choose from
PAGE = 50  # turns
USUAL = 100  # conversations
TEMPLATES = "admin/conversations/replay/"


@admin.register(Replay)
class ReplayAdmin(PermissionAdmin, ReadOnlyAdmin):
    """Whoever reads conversations and models may see replays; whoever trains may start them."""

    navigation = [Navigation("Replays", 50)]
    list_display = ("versions", "state", "differs", "conversations_asked", "requested_by", "created")
    list_select_related = ("left", "right", "job", "requested_by")
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    actions = None
    sortable_by = ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perms(["conversations.view_conversation", "training.view_bot"])

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("training.train_bot")

    def additions(self, request: HttpRequest, *rows: Model) -> Sequence[Section]:
        """To the page of two versions, and to that of a replay's job."""
        versions = [row for row in rows if isinstance(row, ModelVersion)]
        if len(set(versions)) == 2 and self.has_add_permission(request):
            return [Section(TEMPLATES + "of_versions.html", {"left": versions[0], "right": versions[1]})]
        replay = Replay.objects.filter(job__in=[row for row in rows if isinstance(row, Job)]).first()
        if replay and self.has_view_permission(request):
            return [Section(TEMPLATES + "of_job.html", {"replay": replay})]
        return []

    # --- the list

    @admin.display(description="Before and after")
    def versions(self, row: Replay) -> SafeString:
        return format_html('<span class="code">{}</span> → <span class="code">{}</span>', row.left, row.right)

    @admin.display(description="Status")
    def state(self, row: Replay) -> SafeString | str:
        if row.job is None:
            return ""
        return format_html('<span class="chip chip-{}">{}</span>', row.job.status, row.job.get_status_display())

    @admin.display(description="Turns that differ")
    def differs(self, row: Replay) -> str:
        through = row.job is None or row.job.status == Job.Status.DONE
        return f"{row.differing_count:,} of {row.turn_count:,}" if through else ""

    # --- one replay

    def get_urls(self) -> list[URLPattern]:
        now = self.admin_site.admin_view(self.now_view)
        return [path("<int:pk>/now/", now, name="conversations_replay_now"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        replay = self._found(request, object_id)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Replay", **_shown(replay)}
        if not context["running"]:
            context |= _turns(replay, request)
        return TemplateResponse(request, TEMPLATES + "replay.html", context)

    def now_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of the page that follows the job."""
        return TemplateResponse(request, TEMPLATES + "progress.html", _shown(self._found(request, str(pk))))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        chosen = request.POST if request.method == "POST" else request.GET
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "New replay", **_asked(chosen)}
        if request.method == "POST":
            try:
                return self._started(request, context)
            except FrontdeskError as error:
                context["error"] = error.message
        return TemplateResponse(request, TEMPLATES + "new.html", context)

    def _started(self, request: HttpRequest, asked: dict[str, Any]) -> HttpResponse:
        if not (asked["left"] and asked["right"]):
            raise FrontdeskError("Choose two versions.", code="bad_replay")
        replay = request_replay(
            left=asked["left"], right=asked["right"], conversations=asked["conversations"], by=cast(User, request.user)
        )
        return HttpResponseRedirect(reverse("admin:conversations_replay_change", args=[replay.pk]))

    def _found(self, request: HttpRequest, pk: str) -> Replay:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows: QuerySet[Replay] = self.get_queryset(request).select_related("left", "right", "job", "requested_by")
        replay = rows.filter(pk=parse_id(pk) or 0).first()
        if replay is None:
            raise Http404("There is no such replay.")
        return replay


def _shown(replay: Replay) -> dict[str, Any]:
    job = replay.job
    running = job is not None and job.status in (Job.Status.QUEUED, Job.Status.RUNNING)
    return {"replay": replay, "job": job, "running": running, "percent": _percent(job)}


def _percent(job: Job | None) -> int:
    return 100 * job.done // job.total if job and job.total else 0


def _turns(replay: Replay, request: HttpRequest) -> dict[str, Any]:
    groups, chosen = intent_pairs(replay), _pair(request)
    rows = replay.turns.select_related("conversation").only("seq", "text", "left", "right", "conversation__public_id")
    if chosen:
        rows = rows.filter(left__intent=chosen[0], right__intent=chosen[1])
    page: Page = Paginator(rows, PAGE).get_page(request.GET.get("p"))
    return {
        "groups": groups,
        "chosen": chosen,
        "page": page,
        "in_conversations": differing_conversation_count(replay),
        "same": replay.turn_count - replay.differing_count,
    }


def _pair(request: HttpRequest) -> tuple[str, str] | None:
    """The group that is shown alone."""
    was, now = request.GET.get("was"), request.GET.get("now")
    return (was, now) if was is not None and now is not None and "\0" not in was + now else None


def _asked(chosen: Any) -> dict[str, Any]:
    """What an address or a form names; before is what is live now, where nothing else is said. What is said wrongly
    is nobody's wish: None or 0, which starts nothing."""
    ready = ModelVersion.objects.filter(status=ModelVersion.Status.READY).select_related("bot")
    offered = list(ready.defer("error")[:OFFERED])
    by_id = {str(version.pk): version for version in offered}
    live = production().active_version_id
    left = by_id.get(chosen.get("left") or str(live))
    newest = next((version for version in offered if version != left and left and version.bot == left.bot), None)
    count = chosen.get("conversations", "")
    return {
        "offered": offered,
        "live": live,
        "left": left,
        "right": by_id.get(chosen["right"]) if chosen.get("right") else newest,
        "conversations": (parse_id(count) or 0) if count else USUAL,
        "fewest": FEWEST,
        "most": MOST,
    }
