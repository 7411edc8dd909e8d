"""Who may do what: one table. After every migration the groups are made from it; everything asks `user.has_perm`."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet

VIEWER, ANNOTATOR, ADMIN = "viewer", "annotator", "admin"

_READS = frozenset({"conversations.view_conversation", "training.view_bot"})
_TEACHES = _READS | {"conversations.review_conversation", "training.edit_data", "training.train_bot"}
_RUNS = _TEACHES | {
    "conversations.export_conversation",
    "conversations.delete_conversation",
    "training.activate_version",
    "training.upload_version",
    "training.download_version",
    "auth.view_user",
    "auth.add_user",
    "auth.change_user",
    "auditlog.view_logentry",
    "axes.view_accesslog",
    "axes.view_accessattempt",
}
ROLES: dict[str, frozenset[str]] = {VIEWER: _READS, ANNOTATOR: _TEACHES, ADMIN: _RUNS}
IN_WORDS = {
    VIEWER: "reads conversations, training data and models",
    ANNOTATOR: "also corrects, teaches, trains and compares",
    ADMIN: "also puts models live, exports, deletes and looks after the staff",
}


def role_of(user: User) -> str:
    """The most that one of the user's groups allows; empty where there is none."""
    names = {group.name for group in user.groups.all()}
    return next((role for role in reversed(ROLES) if role in names), "")


def admins() -> QuerySet[User]:
    """Those who can look after the staff today."""
    return User.objects.filter(Q(is_superuser=True) | Q(groups__name=ADMIN), is_active=True, is_staff=True).distinct()


def keep_roles(sender: AppConfig, **_: Any) -> None:
    """Receiver of `post_migrate`, which is sent once for each app with models: the last finds all permissions there."""
    if sender.name != [app for app in apps.get_app_configs() if app.models_module][-1].name:
        return
    for role, names in ROLES.items():
        group, _made = Group.objects.get_or_create(name=role)
        permissions = Permission.objects.select_related("content_type")
        allowed = [it for it in permissions if f"{it.content_type.app_label}.{it.codename}" in names]
        if set(group.permissions.all()) != set(allowed):
            group.permissions.set(allowed)
