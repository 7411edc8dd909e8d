import gc

from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.db.models.signals import post_migrate


class AdminUiConfig(AppConfig):
    """The app; the site itself is chosen below."""

    name = "admin_ui"
    default = True
    verbose_name = "Staff site"

    def ready(self) -> None:
        from admin_ui import (
            audit_phrases,  # noqa: F401  (says what changes are called)
            erasure,  # noqa: F401  (says what is stored of colleagues)
        )
        from assistant.roles import keep_roles

        post_migrate.connect(keep_roles)  # from the last app of all: the permissions are there by then
        gc.enable()  # manage.py has disabled it while all apps were imported


class StaffSiteConfig(admin.AdminConfig):
    """Django's admin with our own site in its place."""

    default_site = "admin_ui.site.StaffSite"
    default = False
