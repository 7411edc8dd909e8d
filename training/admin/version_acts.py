"""What staff do with versions: train, upload, put live, take back, evaluate, download, describe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_GET, require_POST

from assistant.lib.admin import parse_id
from assistant.lib.errors import FrontdeskError
from assistant.lib.transfers import file_attachment
from training import services
from training.admin.desk import chosen_bot, jobs_of
from training.admin.shown import bar
from training.admin.staff import staff
from training.models import PRODUCTION, Bot, Environment, Evaluation, Job, ModelVersion
from training.selectors import difference_between

PERMISSIONS = ("edit_data", "train_bot", "activate_version", "upload_version", "download_version")
NAME = "admin:training_modelversion"
View = Callable[..., HttpResponseBase]


class Upload(forms.Form):
    file = forms.FileField(label="Model archive", help_text="A .tar.gz that Rasa 3.6.21 or Frontdesk trained.")
    sha256 = forms.CharField(
        label="SHA-256, if you know it", required=False, max_length=80, help_text="A file with another one is refused."
    )
    note = forms.CharField(label="What is new in it", required=False, max_length=200)


class VersionActs(admin.ModelAdmin):
    """Each page parses, calls one service, answers."""

    def may(self, request: HttpRequest) -> dict[str, Any]:
        return {"may": {name: request.user.has_perm(f"training.{name}") for name in PERMISSIONS}}

    def get_urls(self) -> list[URLPattern]:
        def page(address: str, view: View, name: str) -> URLPattern:
            return path(address, self.admin_site.admin_view(view), name=f"training_modelversion_{name}")

        return [
            page("train/", require_POST(self.train_view), "train"),
            page("queue/", require_GET(self.queue_view), "queue"),
            page("upload/", self.upload_view, "upload"),
            page("rollback/<int:environment_id>/", require_POST(self.rollback_view), "rollback"),
            page("<int:version_id>/activate/", self.activate_view, "activate"),
            page("<int:version_id>/evaluate/", require_POST(self.evaluate_view), "evaluate"),
            page("<int:version_id>/note/", require_POST(self.note_view), "note"),
            page("<int:version_id>/download/", require_GET(self.download_view), "download"),
            *super().get_urls(),
        ]

    # --- train and upload

    def train_view(self, request: HttpRequest) -> HttpResponse:
        self._need(request, "train_bot")
        bot = get_object_or_404(Bot, pk=_number(request.POST.get("bot")))
        try:
            job = services.request_training(bot=bot, by=staff(request), note=request.POST.get("note", "").strip())
        except FrontdeskError as error:
            return self._back(request, error, reverse(f"{NAME}_changelist"))
        return HttpResponseRedirect(_job_page(job))

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        self._need(request, "upload_version")
        bot = get_object_or_404(Bot, pk=chosen.pk) if (chosen := chosen_bot(request)) else None
        form = Upload(request.POST or None, request.FILES or None)
        if bot and request.method == "POST" and form.is_valid():
            try:
                version = services.upload_version(bot=bot, by=staff(request), **form.cleaned_data)
            except FrontdeskError as error:
                form.add_error("sha256" if "sha256" in error.code else "file", error.message)
            else:
                return HttpResponseRedirect(_job_page(version.jobs.all()[0]))
        return self._page(request, "upload", f"Upload a model of {bot}", form=form, bot=bot)

    # --- put live and take back

    def activate_view(self, request: HttpRequest, version_id: int) -> HttpResponse:
        version = self._version(request, version_id, "activate_version")
        places = _places_of(version.bot)
        if request.method == "POST" and request.POST.get("environment") in places:
            return self._activated(request, version, request.POST["environment"])
        now = places[PRODUCTION]
        return self._page(
            request,
            "activate",
            "Activate this version?",
            version=version,
            places=places,
            now=now,
            new=difference_between(now, version) if now else None,
            sides=[(each, _right(each)) for each in (now, version) if each],
        )

    def rollback_view(self, request: HttpRequest, environment_id: int) -> HttpResponse:
        self._need(request, "activate_version")
        place = get_object_or_404(Environment, pk=environment_id)
        back = reverse(f"{NAME}_changelist")
        try:
            place = services.roll_back(environment=place, by=staff(request), seen=_number(request.POST.get("seen")))
        except FrontdeskError as error:
            return self._back(request, error, back)
        self.message_user(request, f"{place.active_version} is live again in {place.name}.", messages.SUCCESS)
        return HttpResponseRedirect(back)

    # --- look closer

    def evaluate_view(self, request: HttpRequest, version_id: int) -> HttpResponse:
        """`also`: the other one of two that are compared."""
        version = self._version(request, version_id, "train_bot")
        kind, also = request.POST.get("kind", ""), _number(request.POST.get("also"))
        if kind not in Evaluation.Kind.values:
            raise PermissionDenied
        try:
            job = services.request_evaluation(version=version, kind=kind, by=staff(request))
            if also:
                other = self._version(request, also, "train_bot")
                services.request_evaluation(version=other, kind=kind, by=staff(request))
        except FrontdeskError as error:
            return self._back(request, error, _page_of(version))
        return HttpResponseRedirect(_job_page(job))

    def note_view(self, request: HttpRequest, version_id: int) -> HttpResponse:
        version = self._version(request, version_id, "train_bot")
        services.describe_version(version=version, note=request.POST.get("note", ""), by=staff(request))
        return HttpResponseRedirect(_page_of(version))

    def download_view(self, request: HttpRequest, version_id: int) -> HttpResponseBase:
        version = self._version(request, version_id, "download_version")
        try:
            archive = services.archive_for_download(version=version, by=staff(request))
        except FrontdeskError as error:
            return self._back(request, error, _page_of(version))
        return file_attachment(request, archive, "application/gzip")

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        """The part of the list's page that changes by itself."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {**jobs_of(chosen_bot(request)), **self.may(request)}
        return TemplateResponse(request, "admin/training/modelversion/queue.html", context)

    # --- what they have in common

    def _need(self, request: HttpRequest, permission: str) -> None:
        if not (self.has_view_permission(request) and request.user.has_perm(f"training.{permission}")):
            raise PermissionDenied

    def _version(self, request: HttpRequest, version_id: int, permission: str) -> ModelVersion:
        self._need(request, permission)
        return get_object_or_404(ModelVersion.objects.select_related("bot", "training_set"), pk=version_id)

    def _activated(self, request: HttpRequest, version: ModelVersion, environment: str) -> HttpResponse:
        try:
            services.activate_version(version=version, environment=environment, by=staff(request))
        except FrontdeskError as error:
            return self._back(request, error, _page_of(version))
        self.message_user(request, f"{version} is live in {environment} now.", messages.SUCCESS)
        return HttpResponseRedirect(reverse(f"{NAME}_changelist"))

    def _back(self, request: HttpRequest, error: FrontdeskError, where: str) -> HttpResponse:
        self.message_user(request, error.message, messages.ERROR)
        return HttpResponseRedirect(where)

    def _page(self, request: HttpRequest, name: str, title: str, **context: Any) -> TemplateResponse:
        common = {**self.admin_site.each_context(request), **self.may(request), "title": title, "opts": self.opts}
        return TemplateResponse(request, f"admin/training/modelversion/{name}.html", {**common, **context})


def _right(version: ModelVersion) -> dict[str, Any] | None:
    row = Evaluation.objects.filter(version=version, kind=Evaluation.Kind.HELD_OUT).first()
    return {"evaluation": row, "bar": bar(row.report.get("accuracy"))} if row else None


def _places_of(bot: Bot) -> dict[str, ModelVersion | None]:
    """The version that is live now, by environment; production first."""
    rows = bot.environments.select_related("active_version__training_set").order_by("name")
    return {PRODUCTION: None, **{place.name: place.active_version for place in rows}}


def _number(text: str | None) -> int | None:
    return parse_id(text or "")


def _page_of(version: ModelVersion) -> str:
    return reverse(f"{NAME}_change", args=[version.pk])


def _job_page(job: Job) -> str:
    return reverse("admin:training_job_change", args=[job.pk])
