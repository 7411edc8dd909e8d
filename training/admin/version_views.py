"""One version, and what staff do with versions: train, upload, put live, roll back, evaluate, download, describe."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.functional import cached_property
from django.views.generic import DetailView, TemplateView
from django.views.generic.detail import SingleObjectMixin

from assistant.engine.archives import sign
from assistant.lib.errors import FrontdeskError
from assistant.lib.transfers import file_attachment
from training import services
from training.admin.evaluations import report_context
from training.admin.formatting import duration
from training.admin.forms import ActivateForm, EvaluateForm, NoteForm, RollBackForm, TrainForm, UploadForm
from training.admin.jobs import JobProgress, job_url
from training.admin.overview import bot_in, held_out_score, live_in, queue_context
from training.admin.views import VIEW_BOT, ActionView, AdminPage, ConfirmView, FormPage, ModelsPage
from training.models import PRODUCTION, Bot, Environment, Evaluation, ModelVersion
from training.selectors import difference_between, live_version

LISTED = 200  # examples of a difference, of each kind
ERRORS = 8  # of each evaluation; the page of the evaluation has all
LIST = "admin:training_modelversion_changelist"


class VersionMixin(AdminPage, SingleObjectMixin):
    """About one version."""

    context_object_name = "version"

    def get_queryset(self) -> QuerySet[ModelVersion]:
        return ModelVersion.objects.select_related("bot", "created_by", "training_set", "parent__training_set")

    @cached_property
    def object(self) -> ModelVersion:
        return self.get_object()

    def get_success_url(self) -> str:
        return reverse("admin:training_modelversion_change", args=[self.object.pk])


class VersionView(VersionMixin, ModelsPage, DetailView):
    """All that is known of it."""

    template_name = "admin/training/modelversion/version.html"

    def get_title(self) -> str:
        return str(self.object)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        version = self.object
        live, status = live_version(version.bot), ModelVersion.Status
        # The newest of each kind, as the model orders them.
        newest = [Evaluation.objects.filter(version=version, kind=kind).first() for kind in Evaluation.Kind]
        reports = [report_context(row) for row in newest if row]
        context: dict[str, Any] = {
            "live": live_in(version.bot),
            "is_live": live == version,
            "other": version.parent if live == version else live,
            "places": [place.name for place in version.live_in.all()],
            "ready": version.status == status.READY,
            "took": duration(version.train_seconds) if version.train_seconds is not None else "",
            "archive": archive_state(version),
            "new": difference_between(version.parent, version) if version.parent else None,
            "listed": LISTED,
            "reports": [{**report, "errors": report["errors"][:ERRORS]} for report in reports],
            "jobs": [JobProgress(job) for job in version.jobs.select_related("requested_by").defer("log")],
            # With what was deleted nothing can be done.
            **({"may": {}} if version.status == status.DELETED else {}),
        }
        return super().get_context_data(**context, **kwargs)


class QueueView(ModelsPage, TemplateView):
    """The part of the list's page that changes by itself."""

    template_name = "admin/training/modelversion/queue.html"

    def get_frame(self) -> dict[str, Any]:
        return {}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**queue_context(bot_in(self.request)), **kwargs)


class TrainView(ActionView):
    """Asks for a training of all that the bot is taught."""

    permission_required = (VIEW_BOT, "training.train_bot")
    form_class = TrainForm

    def save(self, form: TrainForm) -> HttpResponse:
        job = services.request_training(by=self.user, **form.cleaned_data)
        return HttpResponseRedirect(job_url(job.pk))

    def get_success_url(self) -> str:
        return reverse(LIST)


class UploadView(ModelsPage, FormPage):
    """A model from elsewhere stays in quarantine until a job has checked it."""

    permission_required = (VIEW_BOT, "training.upload_version")
    template_name = "admin/training/modelversion/upload.html"
    form_class = UploadForm

    @cached_property
    def bot(self) -> Bot:
        """Raises Http404 where there is none."""
        # By the same parameter as the list, so that the way to here keeps the bot.
        bot = bot_in(self.request)
        return get_object_or_404(Bot, pk=bot.pk if bot else 0)

    def get_title(self) -> str:
        return f"Upload a model of {self.bot}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(bot=self.bot, **kwargs)

    def save(self, form: UploadForm) -> HttpResponse:
        version = services.upload_version(bot=self.bot, by=self.user, **form.cleaned_data)
        return HttpResponseRedirect(job_url(version.jobs.all()[0].pk))

    def form_valid(self, form: Any) -> HttpResponse:
        """A service's error stands at the field that it is about, as all others do."""
        try:
            return self.save(form)
        except FrontdeskError as error:
            form.add_error("sha256" if "sha256" in error.code else "file", error.message)
            return self.form_invalid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        # The template shows each error at its field: nothing is said twice.
        return self.render_to_response(self.get_context_data(form=form))


class ActivateView(VersionMixin, ModelsPage, ConfirmView):
    """Shown beside the version whose place it takes."""

    permission_required = (VIEW_BOT, "training.activate_version")
    template_name = "admin/training/modelversion/activate.html"
    title = "Activate this version?"
    form_class = ActivateForm

    @cached_property
    def places(self) -> dict[str, ModelVersion | None]:
        """The version that is live now, by environment; production first."""
        # Production is there for a bot that was never live, too: activating makes it.
        rows = self.object.bot.environments.select_related("active_version__training_set").order_by("name")
        return {PRODUCTION: None, **{place.name: place.active_version for place in rows}}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "environments": list(self.places)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        version, now = self.object, self.places[PRODUCTION]
        context = {
            "places": self.places,
            "now": now,
            "new": difference_between(now, version) if now else None,
            "sides": [(each, held_out_score(each)) for each in (now, version) if each],
        }
        return super().get_context_data(**context, **kwargs)

    def save(self, form: ActivateForm) -> HttpResponse:
        environment = form.cleaned_data["environment"]
        services.activate_version(version=self.object, environment=environment, by=self.user)
        messages.success(self.request, f"{self.object} is live in {environment} now.")
        return HttpResponseRedirect(reverse(LIST))


class RollBackView(ActionView, SingleObjectMixin):
    """What was live before answers again."""

    permission_required = (VIEW_BOT, "training.activate_version")
    form_class = RollBackForm
    model = Environment

    def act(self, form: RollBackForm) -> None:
        place = services.roll_back(environment=self.get_object(), by=self.user, seen=form.cleaned_data["seen"])
        messages.success(self.request, f"{place.active_version} is live again in {place.name}.")

    def get_success_url(self) -> str:
        return reverse(LIST)


class EvaluateView(VersionMixin, ActionView):
    """Asks for an evaluation of it, or of two that are compared."""

    permission_required = (VIEW_BOT, "training.train_bot")
    form_class = EvaluateForm

    def save(self, form: EvaluateForm) -> HttpResponse:
        kind, other = form.cleaned_data["kind"], form.cleaned_data["also"]
        job = services.request_evaluation(version=self.object, kind=kind, by=self.user)
        # Each is a job of its own; the page of the first is shown.
        if other:
            services.request_evaluation(version=other, kind=kind, by=self.user)
        return HttpResponseRedirect(job_url(job.pk))


class NoteView(VersionMixin, ActionView):
    """What is new in it, in the words of staff."""

    permission_required = (VIEW_BOT, "training.train_bot")
    form_class = NoteForm

    def act(self, form: NoteForm) -> None:
        services.describe_version(version=self.object, by=self.user, **form.cleaned_data)


class DownloadView(VersionMixin):
    """Its archive, whole. That it left the house is in the audit log, so HEAD is not GET without a body here."""

    http_method_names = ["get"]
    permission_required = (VIEW_BOT, "training.download_version")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            archive = services.archive_for_download(version=self.object, by=self.user)
        except FrontdeskError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(self.get_success_url())
        return file_attachment(request, archive, "application/gzip")


def archive_state(version: ModelVersion) -> str:
    """Whether it can be loaded; its content is compared with its SHA-256 each time that it is."""
    if not version.sha256 or version.status != ModelVersion.Status.READY:
        return ""
    if not version.path.is_file():
        return "The file is missing."
    if version.path.stat().st_size != version.size:
        return "The file has changed since it was recorded."
    return "signed by us" if constant_time_compare(version.signature, sign(version.sha256)) else "not signed by us"
