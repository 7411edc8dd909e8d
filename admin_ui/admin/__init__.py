"""Pages that belong to no app of ours: the staff, the audit log, and who logged in."""

from django.contrib import admin
from django_celery_results.models import GroupResult, TaskResult

from admin_ui.admin import audit_log, log_ins, staff

__all__ = ["audit_log", "log_ins", "staff"]

admin.site.unregister([TaskResult, GroupResult])  # ignored: what takes long is a job
