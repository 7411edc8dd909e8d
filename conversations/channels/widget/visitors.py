"""Who a visitor is: a random id in a signed token that only this server makes."""

from __future__ import annotations

import uuid

from django.core import signing

_SALT = "widget.visitor"


def new_visitor() -> str:
    """An id that nobody can guess."""
    return uuid.uuid4().hex


def token_of(visitor: str) -> str:
    """For the widget to keep, and to say hello with."""
    return signing.dumps(visitor, salt=_SALT)


def visitor_of(token: object) -> str | None:
    """The visitor, or None where the token is not ours."""
    if not isinstance(token, str) or len(token) > 300:
        return None
    try:
        visitor = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    return visitor if isinstance(visitor, str) else None
