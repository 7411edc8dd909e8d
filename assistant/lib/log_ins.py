"""How the log names who tried to log in."""

from __future__ import annotations

from django.contrib.auth.models import User

from assistant.lib.strict import is_text


def client(username: str | None, address: str | None, agent: str, path: str, request: object) -> str:
    """For the lines of django-axes: the name, the address and the page.

    A name that nobody has is not repeated: it may be a password that was typed into the wrong field.
    """
    known = is_text(username) and User.objects.filter(username=username).exists()
    page = "the API" if path.startswith("/api/") else "the staff site"
    return f"{repr(username) if known else 'an unknown name'} from {address or 'an unknown address'} on {page}"
