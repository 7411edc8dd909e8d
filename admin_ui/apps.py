from django.apps import AppConfig
from django.contrib.admin import apps as admin


class AdminUiConfig(AppConfig):
    name = "admin_ui"
    default = True
    verbose_name = "Staff site"


class StaffSiteConfig(admin.AdminConfig):
    """Django's admin with our own site in its place."""

    default_site = "admin_ui.site.StaffSite"
    default = False
