"""System checks: wrong configuration is said before it does harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from assistant.lib.addresses import is_loopback_name
from assistant.lib.configuration import is_open_to_others


@register()
def check_layer(**_: Any) -> list[CheckMessage]:
    """Several processes need a channel layer that they share."""
    if settings.EMBEDDED or settings.REDIS_URL:
        return []
    return [Error("BROKER_URL needs REDIS_URL too.", hint="Set REDIS_URL=redis://HOST:6379/0.", id="frontdesk.E001")]


@register()
def check_database(**_: Any) -> list[CheckMessage]:
    """Several processes need a database that they share."""
    if settings.EMBEDDED or not settings.SQLITE:
        return []
    return [
        Error(
            "Several processes on SQLite would wait for each other.",
            hint="Set DATABASE_URL=postgres://USER:PASSWORD@HOST/NAME beside REDIS_URL.",
            id="frontdesk.E002",
        )
    ]


@register()
def check_origins(**_: Any) -> list[CheckMessage]:
    """Pages that may show the widget are named by their origin."""
    wrong = [origin for origin in settings.WIDGET_ORIGINS if origin != "*" and not urlsplit(origin).netloc]
    return [
        Error(
            f"WIDGET_ORIGINS has {origin!r}, which is no origin.",
            hint="Write it as https://www.example.com.",
            id="frontdesk.E003",
        )
        for origin in wrong
    ]


@register()
def check_rates(**_: Any) -> list[CheckMessage]:
    """Limits are written so that they can be read."""
    from assistant.lib.throttles import Rate

    messages: list[CheckMessage] = []
    for name in (
        "RATE_LIMIT_PUBLIC",
        "RATE_LIMIT_API",
        "RATE_LIMIT_LOGIN",
        "RATE_LIMIT_LOGIN_NAME",
        "RATE_LIMIT_VISITOR",
        "RATE_LIMIT_FRAMES",
        "RATE_LIMIT_SOCKETS",
    ):
        try:
            Rate.parse(getattr(settings, name))
        except ValueError as error:
            messages.append(
                Error(f"{name}: {error}", hint="Write it as 100/m, 5/s, 1000/h, or off.", id="frontdesk.E004")
            )
    return messages


@register()
def check_private_files(**_: Any) -> list[CheckMessage]:
    """They are closed at every start; that fails where somebody else owns them."""
    folder, database = settings.VAR_DIR, Path(settings.DATABASES["default"]["NAME"])
    elsewhere = settings.SQLITE and database.is_file() and folder not in database.parents
    paths = [folder, database] if elsewhere else [folder]
    return [
        Warning(
            f"Other users of this machine can read {path}.",
            hint=f"Run: chmod -R go-rwx {path}",
            id="frontdesk.W005",
        )
        for path in paths
        if is_open_to_others(path)
    ]


@register()
def check_days(**_: Any) -> list[CheckMessage]:
    """The same for how long things are kept."""
    from assistant.lib.cleanup import parse_days

    messages: list[CheckMessage] = []
    for name in ("KEEP_LOGINS_DAYS", "KEEP_AUDIT_DAYS", "KEEP_CHANGES_DAYS", "KEEP_JOBS_DAYS", "KEEP_REPLAYS_DAYS"):
        try:
            parse_days(getattr(settings, name))
        except ValueError as error:
            messages.append(Error(f"{name}: {error}", hint="Write it as 90, or off to keep all.", id="frontdesk.E020"))
    return messages


@register()
def check_proxies(**_: Any) -> list[CheckMessage]:
    """A count is never negative."""
    if settings.TRUSTED_PROXIES >= 0:
        return []
    return [Error("TRUSTED_PROXIES is negative.", hint="Set how many proxies stand in front.", id="frontdesk.E011")]


@register()
def check_secret_key(**_: Any) -> list[CheckMessage]:
    """Whoever guesses it is any member of staff and any visitor, and signs models."""
    key = settings.SECRET_KEY
    if len(key) >= 50 and len(set(key)) >= 5:
        return []
    return [
        Warning(
            "SECRET_KEY can be guessed: it is shorter than 50 characters, or has fewer than 5 different ones.",
            hint="Unset it, and a random one is kept in VAR_DIR; or: python -c 'import secrets; "
            "print(secrets.token_urlsafe(50))'.",
            id="frontdesk.W011",
        )
    ]


@register()
def check_hosts(**_: Any) -> list[CheckMessage]:
    """Only names that are ours are served."""
    if not any(host == "*" for host in settings.ALLOWED_HOSTS):
        return []
    return [
        Warning(
            "ALLOWED_HOSTS=* serves whatever name a request brings, and writes it into links.",
            hint="Name the hosts: ALLOWED_HOSTS=chat.example.com.",
            id="frontdesk.W012",
        )
    ]


@register()
def check_server(**_: Any) -> list[CheckMessage]:
    """What is fine on a laptop and not where others come in."""
    if all(map(is_loopback_name, settings.ALLOWED_HOSTS)):
        return []
    messages: list[CheckMessage] = []
    if settings.DEBUG:
        words = "DEBUG shows settings and source to everyone who causes an error."
        messages.append(Warning(words, hint="Unset DEBUG on a server.", id="frontdesk.W013"))
    if not settings.HTTPS_ONLY:
        words = "Without HTTPS_ONLY, passwords and what visitors say may cross the network in the clear."
        hint = "Put a proxy with TLS in front, and set HTTPS_ONLY=true, TRUSTED_PROXIES and CSRF_TRUSTED_ORIGINS."
        messages.append(Warning(words, hint=hint, id="frontdesk.W014"))
    if settings.REST_OPEN and not settings.REST_TOKEN:
        words = (
            "REST_OPEN without REST_TOKEN: anyone may speak as any sender of the REST channel, and read the replies."
        )
        hint = "Set REST_TOKEN; or unset REST_OPEN, and only programs on the server are let in."
        messages.append(Warning(words, hint=hint, id="frontdesk.W015"))
    return messages


@register()
def check_sandbox(**_: Any) -> list[CheckMessage]:
    """A bot that staff import or upload is tried out in a process that is shut in where the system can do it."""
    from assistant.engine import sandbox

    lacking = sandbox.lacking()
    words = f"If a bot that staff import or upload turns out to be code, it could {' and '.join(lacking)}."
    hint = "Run on Linux 5.13 or later with Landlock and seccomp, or import and upload only what you trust."
    return [Warning(words, hint=hint, id="frontdesk.W030")] if lacking else []
