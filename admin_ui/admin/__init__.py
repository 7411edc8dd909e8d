"""Pages that belong to no app of ours: the staff, and the audit log."""

from django.contrib import admin
from django_celery_results.models import GroupResult, TaskResult

from admin_ui.admin import audit_log, staff

__all__ = ["audit_log", "staff"]

admin.site.unregister([TaskResult, GroupResult])  # ignored: what takes long is a job
