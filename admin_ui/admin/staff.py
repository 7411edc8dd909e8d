"""The staff: who may log in, and as what."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import Group, User
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from admin_ui.admin.forms import ColleagueForm, NewColleagueForm
from admin_ui.services import add_colleague, change_colleague, reset_password
from admin_ui.services.staff import PROFILE_FIELDS, AddedColleague
from assistant.lib.admin import Navigation
from assistant.roles import ROLES, role_of

admin.site.unregister([User, Group, OutstandingToken, BlacklistedToken])  # roles are a table in the code


class RoleFilter(admin.SimpleListFilter):
    """By the group that is the role."""

    title, parameter_name = "role", "role"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [*((role, role.capitalize()) for role in ROLES), ("superuser", "Superuser"), ("none", "None")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() == "superuser":
            return queryset.filter(is_superuser=True)
        if self.value() == "none":
            return queryset.filter(is_superuser=False).exclude(groups__name__in=ROLES)
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


class CanLogInFilter(admin.BooleanFieldListFilter):
    """Django's, under a title that says what being active means."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "log-in"


@admin.register(User)
class StaffAdmin(admin.ModelAdmin):
    """Colleagues: the list, one of them, and a new password. Nobody is deleted."""

    navigation = [Navigation("Staff", 70)]
    list_display = ("who", "role", "state", "last_seen", "email")
    list_display_links = ("who",)
    list_filter = (RoleFilter, ("is_active", CanLogInFilter))
    search_fields = ("username", "first_name", "last_name", "email")
    search_help_text = "Name or e-mail address."
    ordering = ("-is_active", "username")
    sortable_by = ()
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    actions = None

    class Media:
        css = {"all": ["admin_ui/lists.css", "admin_ui/staff.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Staff", **(extra_context or {})})

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).filter(is_staff=True).prefetch_related("groups")

    @admin.display(description="Name", ordering="username")
    def who(self, row: User) -> SafeString:
        return format_html('{} <span class="quiet">{}</span>', row.username, row.get_full_name())

    @admin.display(description="Role")
    def role(self, row: User) -> SafeString | str:
        named = "superuser" if row.is_superuser else role_of(row)
        return format_html('<span class="chip chip-role-{}">{}</span>', named or "none", named.capitalize() or "None")

    @admin.display(description="State", ordering="is_active")
    def state(self, row: User) -> SafeString:
        named = ("ready", "Can log in") if row.is_active else ("off", "Deactivated")
        return format_html('<span class="chip chip-{}">{}</span>', *named)

    @admin.display(description="Last log-in", ordering="last_login", empty_value="never")
    def last_seen(self, row: User) -> SafeString | None:
        if row.last_login is None:
            return None
        moment = row.last_login
        return format_html('<time datetime="{}">{}</time>', moment.isoformat(), naturaltime(moment))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """One button: there is nothing to go on with."""
        page = super().changeform_view(request, *args, **kwargs)
        if isinstance(page, TemplateResponse) and page.context_data is not None:
            page.context_data |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return page

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        return super().add_view(request, form_url, {"title": "Add a colleague", **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        colleague = self.get_object(request, object_id)
        context: dict[str, Any] = {"may_reset": False}
        if colleague is not None:
            may_reset = self.has_change_permission(request, colleague)
            context = {"may_reset": may_reset, "title": colleague.username, "subtitle": None}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **{**kwargs, "form": ColleagueForm if obj else NewColleagueForm})
        form.by = request.user  # type: ignore[attr-defined]
        return form

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ("username", "role", "password")}), ("Who it is", {"fields": PROFILE_FIELDS[1:]})]
        role = () if obj.is_superuser else ("role",)  # superusers may everything, so a role would say nothing
        return [
            (None, {"fields": ("username", *role, "is_active")}),
            ("Who it is", {"fields": PROFILE_FIELDS[1:]}),
            ("Seen", {"fields": ("last_login", "date_joined")}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return ("last_login", "date_joined") if obj else ()

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("auth.view_user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("auth.add_user")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if isinstance(obj, User) and obj.is_superuser and not getattr(request.user, "is_superuser", False):
            return False  # only a superuser changes a superuser: an admin would take over the account
        return request.user.has_perm("auth.change_user")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # what they did stays theirs: deactivate them

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        data, by = form.cleaned_data, cast(User, request.user)
        if change:
            change_colleague(user=obj, role=data.get("role"), by=by)
            return
        # Kept for response_add, which shows the password once.
        added = add_colleague(user=obj, role=data["role"], password=data["password"], by=by)
        request.added_colleague = added  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        added: AddedColleague = request.added_colleague  # type: ignore[attr-defined]
        if added.password:
            return self._shown_once(request, added.user, added.password, "Added")
        messages.success(request, f"{obj.username} was added.")
        return HttpResponseRedirect(reverse("admin:auth_user_changelist"))

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.password_view)
        return [path("<int:user_id>/password/", page, name="auth_user_password"), *super().get_urls()]

    def password_view(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Asks, then gives the colleague a random password and shows it."""
        user = self.get_object(request, str(user_id))
        if user is None or not self.has_change_permission(request, user):
            raise PermissionDenied
        if request.method == "POST":
            password = reset_password(user=user, by=cast(User, request.user))
            return self._shown_once(request, user, password, "New password")
        return self._page(request, user, "password.html", title=f"New password for {user.username}?")

    def _shown_once(self, request: HttpRequest, user: User, password: str, what: str) -> HttpResponse:
        """Straight into the answer: it is in no message, cookie or session."""
        return self._page(request, user, "shown_once.html", title=f"{what}: {user.username}", password=password)

    def _page(self, request: HttpRequest, user: User, template: str, **context: Any) -> HttpResponse:
        known = {**self.admin_site.each_context(request), "opts": self.opts, "colleague": user, "media": self.media}
        return TemplateResponse(request, f"admin/auth/user/{template}", {**known, **context})
