"""The page of models: every version, how it did, and what is live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assistant.lib.admin import Navigation, PermissionAdmin, ReadOnlyAdmin
from assistant.lib.errors import FrontdeskError
from training.admin import version_views as views
from training.admin.comparison import CompareView
from training.admin.formatting import duration
from training.admin.overview import bot_in, overview_context
from training.admin.views import VIEW_BOT, AdminPage, ModelsPage, id_in, page_of, page_url
from training.models import Bot, Evaluation, ModelVersion
from training.selectors import changes_by_version, newest_evaluations
from training.services import delete_version

DELETED = ModelVersion.Status.DELETED
CAME_TO_NOTHING = (ModelVersion.Status.FAILED, ModelVersion.Status.CANCELLED)
OTHERS = ("admin:training_job_changelist", "admin:training_evaluation_changelist")


class StatusFilter(admin.SimpleListFilter):
    """What came to nothing is left out unless it is asked or searched for."""

    title, parameter_name = "status", "status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("all", "All, failed and cancelled too"), *ModelVersion.Status.choices]

    def choices(self, changelist: Any) -> Iterator[Any]:
        usual, *others = super().choices(changelist)
        yield {**usual, "display": "What can be used"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> QuerySet[ModelVersion]:
        if self.value() in ModelVersion.Status.values:
            return queryset.filter(status=self.value())
        return queryset if self.value() or request.GET.get("q") else queryset.exclude(status__in=CAME_TO_NOTHING)


@admin.register(ModelVersion)
class ModelVersionAdmin(PermissionAdmin, ReadOnlyAdmin):
    """The list of versions, under what is live and what is under way."""

    navigation = [Navigation("Models", 30, also=OTHERS)]
    view_permission = VIEW_BOT
    delete_permission = "training.activate_version"
    list_display = ("version_name", "state", "examples", "accuracy", "made", "next_steps")
    list_display_links = None
    list_filter = (StatusFilter,)
    list_per_page = 25
    search_fields = ("name", "note", "sha256")
    search_help_text = "Name, note or SHA-256"
    show_facets = admin.ShowFacets.NEVER
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        rows = super().get_queryset(request).select_related("bot", "created_by", "training_set", "parent__training_set")
        if request.GET.get("status") != DELETED:
            rows = rows.exclude(status=DELETED)
        return rows.prefetch_related("live_in")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        bot = bot_in(request)
        # The top of the page is about one bot: so is the list below it.
        if bot and not request.GET and Bot.objects.count() > 1:
            return HttpResponseRedirect(f"{request.path}?bot__id__exact={bot.pk}")
        response = super().changelist_view(
            request, {"title": "Models", **overview_context(bot), "may": ModelsPage.may(request)}
        )
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            _add_columns(response.context_data["cl"].result_list, request.user.has_perm("training.activate_version"))
        return response

    # --- columns

    @admin.display(description="Version", ordering="name")
    def version_name(self, row: ModelVersion) -> str:
        return render_to_string("admin/training/modelversion/version_name.html", {"version": row})

    @admin.display(description="Status", ordering="status")
    def state(self, row: ModelVersion) -> SafeString:
        return format_html('<span class="chip chip-{}">{}</span>', row.status, row.get_status_display())

    @admin.display(description="Examples")
    def examples(self, row: Any) -> str:
        return render_to_string("admin/training/modelversion/examples.html", {"version": row, "changes": row.changes})

    @admin.display(description="Held-out right")
    def accuracy(self, row: Any) -> SafeString | None:
        evaluation: Evaluation | None = row.evaluation
        if evaluation is None or evaluation.accuracy is None:
            return None
        page = reverse("admin:training_evaluation_change", args=[evaluation.pk])
        return format_html(
            '<a href="{}">{}</a> <span class="quiet">of {}</span>',
            page,
            f"{evaluation.accuracy:.1%}",
            evaluation.example_count,
        )

    @admin.display(description="Made", ordering="created")
    def made(self, row: ModelVersion) -> str:
        took = duration(row.train_seconds) if row.train_seconds is not None else ""
        return render_to_string("admin/training/modelversion/made.html", {"version": row, "took": took})

    @admin.display(description="")
    def next_steps(self, row: ModelVersion) -> str | None:
        if row.status != ModelVersion.Status.READY or row.live_in.all():
            return None
        return render_to_string("admin/training/modelversion/next_steps.html", {"version": row})

    # --- pages

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[type[AdminPage], str]] = {
            "train/": (views.TrainView, "train"),
            "queue/": (views.QueueView, "queue"),
            "upload/": (views.UploadView, "upload"),
            "compare/": (CompareView, "compare"),
            "rollback/<int:pk>/": (views.RollBackView, "rollback"),
            "<int:pk>/activate/": (views.ActivateView, "activate"),
            "<int:pk>/evaluate/": (views.EvaluateView, "evaluate"),
            "<int:pk>/note/": (views.NoteView, "note"),
            "<int:pk>/download/": (views.DownloadView, "download"),
        }
        ours = [page_url(self, route, view, f"modelversion_{name}") for route, (view, name) in pages.items()]
        return [*ours, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return page_of(views.VersionView, self, request, pk=id_in(object_id))

    # --- deleting

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except FrontdeskError as error:
            self.message_user(request, error.message, "error")
            return HttpResponseRedirect(reverse("admin:training_modelversion_change", args=[object_id]))

    def delete_model(self, request: HttpRequest, obj: ModelVersion) -> None:
        delete_version(version=obj, by=cast(User, request.user))

    def get_deleted_objects(
        self, objs: Iterable[ModelVersion], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        gone = list(objs)
        counts = {"Versions": len(gone), "Evaluations": Evaluation.objects.filter(version__in=gone).count()}
        live = [f"{row}: live in {place.name}" for row in gone for place in row.live_in.all()]
        return [f"{row}, with its file" for row in gone], counts, set(), live

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(self.delete_permission)


def _add_columns(rows: Iterable[Any], may_activate: bool) -> None:
    """Fetch for all rows at once what their columns show."""
    # The list's own query can't: each needs rows of other tables.
    shown = list(rows)
    changes, evaluations = changes_by_version(shown), newest_evaluations(shown, Evaluation.Kind.HELD_OUT)
    for row in shown:
        row.changes, row.evaluation = changes.get(row.pk), evaluations.get(row.pk)
        row.may_activate = may_activate
