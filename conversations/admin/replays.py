"""Replays: recent conversations answered again by two versions, turn by turn where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from assistant.lib.admin import Navigation, PermissionAdmin, ReadOnlyAdmin, Section, parse_id
from assistant.lib.errors import FrontdeskError
from conversations.models import Replay
from conversations.selectors.replays import differing_conversation_count, intent_pairs
from conversations.services import request_replay
from conversations.services.replays import FEWEST, MOST, TURNS
from training.models import Job, ModelVersion
from training.selectors import production

OFFERED = 100  # versions to choose from
PAGE = 50  # turns
USUAL = 100  # conversations
TEMPLATES = "admin/conversations/replay/"


class VersionField(forms.ModelChoiceField):
    """A version that is ready, one of the newest. `live`: the key of the one that is live now."""

    live: int | None = None

    def __init__(self, label: str) -> None:
        words = dict.fromkeys(["required", "invalid_choice"], "Choose two versions.")
        super().__init__(ModelVersion.objects.none(), label=label, empty_label=None, error_messages=words)

    def label_from_instance(self, version: Model) -> str:
        assert isinstance(version, ModelVersion)
        live = " (live)" if version.pk == self.live else ""
        return f"{version}{live}{f': {Truncator(version.note).chars(40)}' if version.note else ''}"


class ReplayForm(forms.Form):
    """Which two versions answer how many conversations."""

    left = VersionField("Before")
    right = VersionField("After")
    conversations = forms.IntegerField(
        label="Newest conversations",
        required=False,
        min_value=FEWEST,
        max_value=MOST,
        initial=USUAL,
        help_text=f"{FEWEST} to {MOST}; at most {TURNS} turns of each",
        error_messages=dict.fromkeys(
            ["invalid", "min_value", "max_value"], f"A replay takes {FEWEST} to {MOST} conversations."
        ),
    )

    def __init__(self, data: Any, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial, auto_id="%s")
        ready = ModelVersion.objects.filter(status=ModelVersion.Status.READY)
        # By their keys: a field looks its choice up in its queryset, and one with a limit can't be filtered.
        self.offered = ready.filter(pk__in=list(ready.values_list("pk", flat=True)[:OFFERED])).select_related("bot")
        for name in ("left", "right"):
            field = cast(VersionField, self.fields[name])
            field.queryset, field.live = self.offered.defer("error"), production().active_version_id

    def clean_conversations(self) -> int:
        return cast(int, self.cleaned_data["conversations"] or USUAL)


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
        # Pages of other apps name their rows and know nothing of replays.
        versions = [row for row in rows if isinstance(row, ModelVersion)]
        if len(set(versions)) == 2 and self.has_add_permission(request):
            return [Section(TEMPLATES + "of_versions.html", {"left": versions[0], "right": versions[1]})]
        replay = Replay.objects.filter(job__in=[row for row in rows if isinstance(row, Job)]).first()
        if replay and self.has_view_permission(request):
            return [Section(TEMPLATES + "of_job.html", {"replay": replay})]
        return []

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

    def get_urls(self) -> list[URLPattern]:
        now = self.admin_site.admin_view(self.now_view)
        return [path("<int:pk>/now/", now, name="conversations_replay_now"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The turns that differ, of one pair of intents (`?was=`, `?now=`) or of all; while it runs, how far it is."""
        replay = self._replay_or_404(request, object_id)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Replay", **_progress(replay)}
        if context["running"]:
            return TemplateResponse(request, TEMPLATES + "replay.html", context)
        rows = replay.turns.select_related("conversation")
        rows = rows.only("seq", "text", "left", "right", "conversation__public_id")
        was, now = request.GET.get("was"), request.GET.get("now")
        chosen = None
        if was is not None and now is not None and "\0" not in was + now:
            chosen = (was, now)
            rows = rows.filter(left__intent=was, right__intent=now)
        context |= {
            "groups": intent_pairs(replay),
            "chosen": chosen,
            "page": Paginator(rows, PAGE).get_page(request.GET.get("p")),
            "in_conversations": differing_conversation_count(replay),
            "same": replay.turn_count - replay.differing_count,
        }
        return TemplateResponse(request, TEMPLATES + "replay.html", context)

    def now_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of the page that follows the job."""
        context = _progress(self._replay_or_404(request, str(pk)))
        return TemplateResponse(request, TEMPLATES + "progress.html", context)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Of the two versions in the address; where it names none, of what is live and the newest other one."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ReplayForm(request.POST if request.method == "POST" else None, _suggested(request))
        if form.is_valid():
            try:
                replay = request_replay(**form.cleaned_data, by=cast(User, request.user))
                return redirect("admin:conversations_replay_change", replay.pk)
            except FrontdeskError as error:
                form.add_error(None, error.message)
        errors = [message for messages in form.errors.values() for message in messages]
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "New replay"}
        context |= {"form": form, "offered": form.offered.count(), "error": errors[0] if errors else ""}
        return TemplateResponse(request, TEMPLATES + "new.html", context)

    def _replay_or_404(self, request: HttpRequest, pk: str) -> Replay:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows: QuerySet[Replay] = self.get_queryset(request).select_related("left", "right", "job", "requested_by")
        replay = rows.filter(pk=parse_id(pk) or 0).first()
        if replay is None:
            raise Http404("There is no such replay.")
        return replay


def _progress(replay: Replay) -> dict[str, Any]:
    job = replay.job
    running = job is not None and job.status in (Job.Status.QUEUED, Job.Status.RUNNING)
    percent = 100 * job.done // job.total if job and job.total else 0
    return {"replay": replay, "job": job, "running": running, "percent": percent}


def _suggested(request: HttpRequest) -> dict[str, Any]:
    """What an address says wrongly suggests nothing."""
    ready = ModelVersion.objects.filter(status=ModelVersion.Status.READY)
    asked = request.GET.get("left") or str(production().active_version_id)
    left = ready.filter(pk=parse_id(asked) or 0).first()
    right = request.GET.get("right")
    if not right and left:
        newest = ready.filter(bot=left.bot_id).exclude(pk=left.pk).first()
        right = str(newest.pk) if newest else ""
    conversations = parse_id(request.GET.get("conversations", "")) or USUAL
    return {"left": left.pk if left else None, "right": right, "conversations": conversations}
