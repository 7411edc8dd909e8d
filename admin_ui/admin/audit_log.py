"""The audit log: who changed what, when, from what to what."""

from __future__ import annotations

from typing import Any

from auditlog.models import LogEntry
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from admin_ui.audit_links import links_by_entry
from admin_ui.audit_sentences import differences, sentence
from assistant.lib.admin import CappedPaginator, Navigation, ReadOnlyAdmin, parse_id

admin.site.unregister(LogEntry)
Entries = QuerySet[LogEntry]


class PersonFilter(admin.SimpleListFilter):
    """Of the staff: visitors change nothing that is logged."""

    title, parameter_name = "person", "person"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in User.objects.filter(is_staff=True).values_list("pk", "username")]

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        person = parse_id(self.value() or "")
        return queryset if person is None else queryset.filter(actor=person)


class KindFilter(admin.SimpleListFilter):
    """Of what there is an entry, by the name that the entry's model has."""

    title, parameter_name = "kind", "kind"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        kinds = ContentType.objects.filter(pk__in=LogEntry.objects.order_by().values("content_type").distinct())
        return sorted(((str(kind.pk), kind.name.capitalize()) for kind in kinds), key=lambda named: named[1])

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        kind = parse_id(self.value() or "")
        return queryset if kind is None else queryset.filter(content_type=kind)


class DayFilter(admin.DateFieldListFilter):
    """Django's, under a title of ours."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "day"


class AuditLogChangeList(ChangeList):
    """Knows where each of its entries leads."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        links = links_by_entry(self.result_list, self.model_admin.admin_site, request)
        for entry in self.result_list:
            # For the column `what`, which is asked for one row at a time.
            entry.address = links.get(entry.pk, "")


@admin.register(LogEntry)
class AuditLogAdmin(ReadOnlyAdmin):
    """The list of what staff changed."""

    navigation = [
        Navigation("Audit log", 60, also=("admin:axes_accesslog_changelist", "admin:axes_accessattempt_changelist"))
    ]
    list_display = ("when", "what", "change")
    list_display_links = None
    list_filter = (PersonFilter, KindFilter, ("timestamp", DayFilter), "action")
    list_select_related = ("actor", "content_type")
    search_fields = ("object_repr", "changes", "actor__username")
    search_help_text = "A name, or words of what was changed."
    ordering = ("-timestamp", "-id")
    sortable_by = ("when",)
    paginator = CappedPaginator
    list_per_page = 50
    show_full_result_count = False  # would count the whole table for each page
    show_facets = admin.ShowFacets.NEVER
    actions = None
    fields = ("when", "what", "change", "remote_addr")

    class Media:
        css = {"all": ["admin_ui/lists.css", "admin_ui/audit.css"]}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("auditlog.view_logentry")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {**(extra_context or {}), "title": "Audit log"})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AuditLogChangeList

    @admin.display(description="When", ordering="timestamp")
    def when(self, entry: LogEntry) -> SafeString:
        moment = timezone.localtime(entry.timestamp)
        text = date_format(moment, "j M Y, H:i:s")
        return format_html('<time class="when" datetime="{}">{}</time>', moment.isoformat(), text)

    @admin.display(description="Who and what")
    def what(self, entry: LogEntry) -> SafeString:
        facts = {"entry": entry, "sentence": sentence(entry), "address": getattr(entry, "address", "")}
        return render_to_string("admin/auditlog/logentry/what.html", facts)

    @admin.display(description="Before and after")
    def change(self, entry: LogEntry) -> SafeString:
        return render_to_string("admin/auditlog/logentry/change.html", {"differences": differences(entry)})
