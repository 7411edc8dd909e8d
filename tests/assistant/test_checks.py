"""What `manage.py check` says of a configuration that is not safe."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks

LOCAL = ["localhost", "127.0.0.1", "[::1]"]


def found(settings: Any, **configured: Any) -> set[str]:
    settings.ALLOWED_HOSTS, settings.HTTPS_ONLY = LOCAL, False
    for name, value in configured.items():
        setattr(settings, name, value)
    messages = run_checks()
    assert all(message.hint for message in messages)
    return {message.id or "" for message in messages if (message.id or "").startswith("frontdesk.")}


def test_it_is_silent_on_a_laptop(settings: Any) -> None:
    assert found(settings) == set()
    assert found(settings, DEBUG=True, REST_OPEN=True) == set()


@pytest.mark.parametrize("key", ["x", "a secret that is short", "ab" * 40])
def test_it_warns_of_a_key_that_can_be_guessed(settings: Any, key: str) -> None:
    assert found(settings, SECRET_KEY=key) == {"frontdesk.W011"}


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ({}, set()),
        ({"HTTPS_ONLY": False}, {"frontdesk.W014"}),
        ({"ALLOWED_HOSTS": ["*"]}, {"frontdesk.W012"}),
        ({"DEBUG": True}, {"frontdesk.W013"}),
        ({"REST_OPEN": True}, {"frontdesk.W015"}),
        ({"REST_OPEN": True, "REST_TOKEN": "t" * 40}, set()),
        ({"TRUSTED_PROXIES": -1}, {"frontdesk.E011"}),
    ],
)
def test_it_warns_of_what_is_not_safe_on_a_server(settings: Any, configured: dict[str, Any], expected: set) -> None:
    assert found(settings, **{"ALLOWED_HOSTS": ["chat.example.com"], "HTTPS_ONLY": True, **configured}) == expected
