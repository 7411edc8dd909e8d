"""The queue and each job in it: how far it is, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.generic import DetailView
from django.views.generic.detail import SingleObjectMixin

from assistant.lib.admin import Panel, PermissionAdmin, ReadOnlyAdmin, additions_to
from training.admin.formatting import duration, job_title, seconds_between
from training.admin.views import VIEW_BOT, ActionView, ModelsPage, first_error, id_in, page_of, page_url
from training.models import Job, ModelVersion
from training.selectors import jobs_before, live_version, unfinished_jobs
from training.services import cancel_job

RUNNING, QUEUED, DONE = Job.Status.RUNNING, Job.Status.QUEUED, Job.Status.DONE


@dataclass(frozen=True)
class Step:
    """`state`: done, running or waiting. `expected`: it took that long the last time."""

    name: str
    state: str
    seconds: str = ""
    expected: bool = False


@dataclass(frozen=True)
class JobProgress:
    """One job in words for the page. `place`: in its bot's queue, from 0, where that was read as a whole."""

    job: Job
    place: int | None = None

    @property
    def title(self) -> str:
        """What kind of work it is."""
        return job_title(self.job.kind)

    @property
    def to_do(self) -> bool:
        """It has not ended."""
        return self.job.status in (QUEUED, RUNNING)

    @cached_property
    def before(self) -> int:
        """How many of its bot come first."""
        if self.job.status != QUEUED:
            return 0
        return jobs_before(self.job) if self.place is None else self.place

    @property
    def elapsed(self) -> str:
        """How long it has run."""
        return duration(seconds_between(self.job.started, self.job.finished))

    @property
    def percent(self) -> int:
        """By the time that it took the last time, where that is known; else by its steps."""
        if self.job.status == DONE:
            return 100
        by_steps = 100 * self.job.done // self.job.total if self.job.total else 0
        usual = sum(step["seconds"] for step in self._last_time)
        by_time = 100 * seconds_between(self.job.started, self.job.finished) / usual if usual else 0
        # What takes longer than the last time stays just short of its end.
        return min(100, max(by_steps, min(97, int(by_time))))

    @property
    def steps(self) -> list[Step]:
        """What is through, what runs, and what came after that the last time."""
        through = [_step(step, "done") for step in self.job.steps]
        if self.job.status != RUNNING:
            return through
        now = [Step(_title(self.job.step), "running")] if self.job.step else []
        rest = self._last_time[len(through) + len(now) :]
        return [*through, *now, *(_step(step, "waiting") for step in rest)]

    @property
    def left(self) -> str:
        """About how long it still takes, going by the last time; empty where nobody knows."""
        before = self._last_time if self.job.status == RUNNING else []
        seconds = sum(step["seconds"] for step in before) - seconds_between(self.job.started, None)
        return duration(round(seconds) or 1) if seconds > 0 else ""

    @cached_property
    def live(self) -> ModelVersion | None:
        """What its version would take the place of."""
        found = live_version(self.job.bot)
        return found if found and found.pk != self.job.version_id else None

    @cached_property
    def _last_time(self) -> list[dict[str, Any]]:
        """The steps of the job before of its kind, unless it had another pipeline."""
        job = self.job
        rows = Job.objects.filter(bot=job.bot_id, kind=job.kind, status=DONE, id__lt=job.pk).order_by("-id")
        steps, total = rows.values_list("steps", "total").first() or ([], 0)
        return steps if job.total in (0, total) else []


def _step(step: dict[str, Any], state: str) -> Step:
    return Step(_title(step["name"]), state, duration(step["seconds"]), expected=state == "waiting")


def _title(step: str) -> str:
    return step[:1].upper() + step[1:]


@admin.register(Job)
class JobAdmin(PermissionAdmin, ReadOnlyAdmin):
    """All jobs of all bots, the newest first."""

    view_permission = VIEW_BOT
    list_display = ("what", "bot", "version", "state", "requested_by", "created", "took")
    list_filter = ("status", ("bot", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("bot", "version", "requested_by")
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).defer("log", "version__error")

    @admin.display(description="Job", ordering="kind")
    def what(self, row: Job) -> str:
        return job_title(row.kind)

    @admin.display(description="Status", ordering="status")
    def state(self, row: Job) -> SafeString:
        return format_html('<span class="chip chip-{}">{}</span>', row.status, row.get_status_display())

    @admin.display(description="Took")
    def took(self, row: Job) -> str | None:
        return duration(seconds_between(row.started, row.finished)) if row.started and row.finished else None

    def panels(self, request: HttpRequest) -> list[Panel]:
        """What trains now; or the newest training, where it failed."""
        rows = Job.objects.select_related("bot", "version").defer("log")
        runs = unfinished_jobs().filter(kind="train").select_related("bot", "version").defer("log").first()
        if runs:
            return [_panel_of_training(JobProgress(runs))]
        last = rows.filter(kind="train").first()
        if last and last.status == Job.Status.FAILED:
            return [Panel("Training", "Failed", job_url(last.pk), last.error[:120], attention=True)]
        return []

    def get_urls(self) -> list[URLPattern]:
        return [
            page_url(self, "<int:pk>/progress/", JobProgressView, "job_progress"),
            page_url(self, "<int:pk>/cancel/", CancelJobView, "job_cancel"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return page_of(JobView, self, request, pk=id_in(object_id))


class JobView(ModelsPage, DetailView):
    """A job, how far it is, and what one does with what comes of it."""

    queryset = Job.objects.select_related("bot", "version", "requested_by")
    template_name = "admin/training/job/job.html"

    def get_title(self) -> str:
        job = self.object
        return f"{job_title(job.kind)} of {job.version or job.bot}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        job = self.object
        additions = additions_to(self.request, cast(admin.ModelAdmin, self.model_admin), job)
        progress = JobProgress(job)
        return super().get_context_data(progress=progress, version=job.version, additions=additions, **kwargs)


class JobProgressView(JobView):
    """The part of the page that changes by itself."""

    template_name = "admin/training/job/progress.html"

    def get_frame(self) -> dict[str, Any]:
        return {}


class CancelJobView(ActionView, SingleObjectMixin):
    """One that waits never begins, one that runs ends soon."""

    permission_required = (VIEW_BOT, "training.train_bot")
    model = Job

    def act(self, form: Any) -> None:
        cancel_job(job=self.get_object(), by=self.user)

    def form_invalid(self, form: Form) -> HttpResponse:
        """It ended meanwhile: nothing went wrong."""
        messages.warning(self.request, first_error(form))
        return HttpResponseRedirect(self.get_success_url())

    def get_success_url(self) -> str:
        return job_url(self.kwargs["pk"])


def _panel_of_training(progress: JobProgress) -> Panel:
    if progress.job.status == QUEUED:
        return Panel("Training", "Waits", job_url(progress.job.pk), "for its turn in the queue")
    note = progress.job.step or "has just begun"
    return Panel("Training", f"{progress.percent}%", job_url(progress.job.pk), note)


def job_url(job_id: int) -> str:
    """The address of its page."""
    return reverse("admin:training_job_change", args=[job_id])
