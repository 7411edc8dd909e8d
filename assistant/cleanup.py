"""Cleanup of what libraries keep and never delete: sessions, tokens, log-ins, the audit log, results of tasks. And of
change sets, and what killed processes leave on the disk."""

from __future__ import annotations

import shutil
import time
from datetime import timedelta

from auditlog.models import LogEntry
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.admin.models import LogEntry as AdminEntry
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_celery_results.models import TaskResult
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from assistant.lib.cleanup import delete_in_batches, kept_since, register_cleanup
from assistant.models import ChangeSet

RESULTS_KEPT = timedelta(days=1)  # of tasks: for the operator's log; staff see the rows that a task wrote
SCRATCH_KEPT = 86_400.0  # seconds: to load a model takes a minute at most


@register_cleanup("sessions")
def clean_sessions(until: float) -> int:
    """Those that have run out."""
    return delete_in_batches(Session.objects.filter(expire_date__lt=timezone.now()), until)


@register_cleanup("tokens")
def clean_tokens(until: float) -> int:
    """A token that has run out is refused by its own date, whether or not it was ended before."""
    return delete_in_batches(OutstandingToken.objects.filter(expires_at__lt=timezone.now()), until)


@register_cleanup("log-ins")
def clean_log_ins(until: float) -> int:
    """Failed ones, too: a lock that they make lasts a quarter of an hour."""
    since = kept_since("KEEP_LOGINS_DAYS")
    if since is None:
        return 0
    kinds = (AccessLog, AccessAttempt, AccessFailureLog)
    return sum(delete_in_batches(kind._default_manager.filter(attempt_time__lt=since), until) for kind in kinds)


@register_cleanup("audit log entries")
def clean_audit_log(until: float) -> int:
    """And what Django's own pages note beside it."""
    since = kept_since("KEEP_AUDIT_DAYS")
    if since is None:
        return 0
    theirs = delete_in_batches(AdminEntry.objects.filter(action_time__lt=since), until)
    return theirs + delete_in_batches(LogEntry.objects.filter(timestamp__lt=since), until)


@register_cleanup("changes that could be undone")
def clean_change_sets(until: float) -> int:
    """Those that nothing refers to: an annotation undoes what it changed however old it is."""
    since = kept_since("KEEP_CHANGES_DAYS")
    if since is None:
        return 0
    rows = ChangeSet.objects.filter(created__lt=since)
    for relation in ChangeSet._meta.related_objects:
        if relation.name != "changes":
            rows = rows.filter(**{f"{relation.name}__isnull": True})
    return delete_in_batches(rows, until)


@register_cleanup("results of tasks")
def clean_results(until: float) -> int:
    """Those of tasks that ended before RESULTS_KEPT."""
    return delete_in_batches(TaskResult.objects.filter(date_done__lt=timezone.now() - RESULTS_KEPT), until)


@register_cleanup("scratch folders")
def clean_scratch_folders(until: float) -> int:
    """Models that a process was loading when it was killed."""
    before = time.time() - SCRATCH_KEPT
    left = [folder for folder in settings.SCRATCH_DIR.glob("model-*") if folder.stat().st_mtime < before]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)  # another process may clean up, too
    return len(left)
