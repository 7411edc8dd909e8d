"""A colleague who is to be forgotten: what they did stays, without them."""

from __future__ import annotations

from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from admin_ui.selectors import LOG_IN_MODELS, data_stored_about, session_keys
from admin_ui.services.staff import NotAllowed
from assistant.lib.database import write_transaction
from assistant.lib.erasure import ErasureCount, redact_logs_about
from assistant.roles import admins


def erase_colleague(*, user: User) -> list[ErasureCount]:
    """The row stays, so that what they did has somebody who did it: nameless, without rights, and logged out. Raises
    NotAllowed for the last admin."""
    if not admins().exclude(pk=user.pk).exists():
        raise NotAllowed("Somebody has to look after the staff: this is the last admin.")
    with write_transaction():
        # Locked, so that nobody gives rights back meanwhile.
        row = User.objects.select_for_update().get(pk=user.pk)
        stored = data_stored_about(row)
        for model in LOG_IN_MODELS:
            model._default_manager.filter(username=row.username).delete()
        Session.objects.filter(pk__in=session_keys(row)).delete()
        OutstandingToken.objects.filter(user=row).delete()
        redact_logs_about(User, [row.pk])
        LogEntry.objects.filter(actor=row).update(remote_addr=None, actor_email=None)
        row.username, row.first_name, row.last_name, row.email = f"erased-{row.pk}", "", "", ""
        row.is_active = row.is_staff = row.is_superuser = False
        row.last_login = None
        row.set_unusable_password()  # also ends what tokens there are: they carry a hash of it
        row.save()
        row.groups.clear()
        row.user_permissions.clear()
    return stored
