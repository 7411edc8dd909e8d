"""The name of this installation, by which it tells its own from what others put on the same Redis or broker."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")  # nothing that Redis reads as a pattern


def installation_name(named: str, secret_key: str, database: dict[str, Any]) -> str:
    """`named` by the operator, else made of the secret key and of where the database is.

    So a dump that is restored elsewhere does not bring it along, not even with the same key.
    """
    if named and not NAME.fullmatch(named):
        raise ImproperlyConfigured("INSTALLATION is a name of at most 63 letters, digits, - and _.")
    place = "\n".join([database.get("HOST") or "", str(database.get("PORT") or 5432), str(database["NAME"])])
    return named or "fd-" + hmac.new(secret_key.encode(), place.encode(), hashlib.sha256).hexdigest()[:16]
