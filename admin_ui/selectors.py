"""What is stored of a colleague."""

from __future__ import annotations

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from assistant.lib.erasure import ErasureCount, entries_about

LOG_IN_MODELS = (AccessLog, AccessAttempt, AccessFailureLog)


def data_stored_about(user: User) -> list[ErasureCount]:
    """What an erasure finds, kind by kind."""
    # django-axes keeps names, not users.
    log_ins = sum(model._default_manager.filter(username=user.username).count() for model in LOG_IN_MODELS)
    return [
        ErasureCount("colleague: name, address, password and rights", 1),
        ErasureCount("log-ins", log_ins),
        ErasureCount("sessions", len(session_keys(user))),
        ErasureCount("refresh tokens", OutstandingToken.objects.filter(user=user).count()),
        ErasureCount("audit log entries about the colleague, their words", entries_about(User, [user.pk]).count()),
    ]


def session_keys(user: User) -> list[str]:
    """Whose a session is stands inside it, so all are read."""
    rows = Session.objects.iterator(chunk_size=500)
    return [row.session_key for row in rows if row.get_decoded().get("_auth_user_id") == str(user.pk)]
