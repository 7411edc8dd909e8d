"""A colleague who is to be forgotten: what they did stays, without them."""

from __future__ import annotations

from auditlog.models import LogEntry
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from admin_ui.services.staff import NotAllowed
from assistant.lib.database import write_transaction
from assistant.lib.erasure import ErasureCount, entries_about, redact_logs_about
from assistant.roles import admins

LOG_INS = (AccessLog, AccessAttempt, AccessFailureLog)


def stored_of(user: User) -> list[ErasureCount]:
    log_ins = sum(kind._default_manager.filter(username=user.username).count() for kind in LOG_INS)
    return [
        ErasureCount("colleague: name, address, password and rights", 1),
        ErasureCount("log-ins", log_ins),
        ErasureCount("sessions", len(sessions_of(user))),
        ErasureCount("refresh tokens", OutstandingToken.objects.filter(user=user).count()),
        ErasureCount("audit log entries about the colleague, their words", entries_about(User, [user.pk]).count()),
    ]


def erase_colleague(*, user: User) -> list[ErasureCount]:
    """The row stays, so that what they did has somebody who did it: nameless, without rights, and logged out. Raises
    NotAllowed for the last admin."""
    if not admins().exclude(pk=user.pk).exists():
        raise NotAllowed("Somebody has to look after the staff: this is the last admin.")
    with write_transaction():
        row = User.objects.select_for_update().get(pk=user.pk)
        found = stored_of(row)
        for kind in LOG_INS:
            kind._default_manager.filter(username=row.username).delete()
        Session.objects.filter(pk__in=sessions_of(row)).delete()
        OutstandingToken.objects.filter(user=row).delete()
        redact_logs_about(User, [row.pk])
        LogEntry.objects.filter(actor=row).update(remote_addr=None, actor_email=None)
        row.username, row.first_name, row.last_name, row.email = f"erased-{row.pk}", "", "", ""
        row.is_active = row.is_staff = row.is_superuser = False
        row.last_login = None
        row.set_unusable_password()
        row.save()
        row.groups.clear()
        row.user_permissions.clear()
    return found


def sessions_of(user: User) -> list[str]:
    """Their keys. Whose a session is stands inside it, so all are read."""
    rows = Session.objects.iterator(chunk_size=500)
    return [row.session_key for row in rows if row.get_decoded().get("_auth_user_id") == str(user.pk)]
