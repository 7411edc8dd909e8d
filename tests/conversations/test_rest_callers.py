"""Who may call the REST channel, and what it takes."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.asgi import application
from conversations.errors import BadMessage
from conversations.models import Message
from conversations.services import receive
from training.models import ModelVersion

LET_IN = (400, "bad_json")  # the guard comes first
HERE = "127.0.0.1"
NO_JSON = b"hello"


def post(body: bytes = NO_JSON, peer: str = HERE, query: str = "", method: str = "POST", **headers: str) -> Any:
    """Status and the error's code."""
    given = {"host": "localhost:8000", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "method": method,
        "path": "/webhooks/rest/webhook",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": (peer, 4711),
    }
    return async_to_sync(_answer)(scope, body)


async def _answer(scope: dict[str, Any], body: bytes) -> tuple[int, str]:
    caller = ApplicationCommunicator(application, scope)
    await caller.send_input({"type": "http.request", "body": body})
    start = await caller.receive_output(5)
    answer = json.loads((await caller.receive_output(5))["body"])
    assert (b"Cache-Control", b"no-store") in start["headers"]
    return start["status"], answer["extra"]["code"]


def test_it_lets_nobody_in_from_elsewhere_without_a_token(settings: Any) -> None:
    assert post() == LET_IN
    assert post(peer="::1") == LET_IN
    for elsewhere in ({"peer": "203.0.113.9"}, {"x_forwarded_for": HERE}, {"forwarded": f"for={HERE}"}):
        assert post(**elsewhere) == (403, "not_local")
    assert post(origin="https://foreign.example") == (403, "not_local")
    settings.TRUSTED_PROXIES = 1
    assert post(x_forwarded_for=HERE) == LET_IN
    assert post(x_forwarded_for="203.0.113.9") == (403, "not_local")
    assert post(x_forwarded_for=f"{HERE}, 203.0.113.9") == (403, "not_local")


def test_it_lets_everyone_in_where_the_operator_says_so(settings: Any) -> None:
    settings.REST_OPEN = True
    assert post(peer="203.0.113.9") == LET_IN


@pytest.mark.django_db  # the limits are asked on threads that may have a connection of another test's
@pytest.mark.django_db  # the pool's threads may have a connection from before
def test_it_counts_a_network_of_ipv6_as_one_caller(settings: Any) -> None:
    settings.REST_OPEN, settings.RATE_LIMIT_PUBLIC = True, "1/m"
    network = f"2001:db8:{secrets.token_hex(2)}"
    callers = [f"{network}:1::1", f"{network}:1::2", f"{network}:2::1"]
    statuses = [post(json.dumps({"sender": "ana", "message": ""}).encode(), peer=caller)[0] for caller in callers]
    assert statuses == [400, 429, 400]


def test_it_asks_everyone_for_the_token_where_there_is_one(settings: Any) -> None:
    settings.REST_TOKEN, settings.REST_OPEN = "open-sesame", True
    assert post() == (401, "unauthorized")
    assert post(authorization="Bearer wrong") == (401, "unauthorized")
    assert post(query="token=wrong") == (401, "unauthorized")
    assert post(peer="203.0.113.9", authorization="Bearer open-sesame") == LET_IN
    assert post(peer="203.0.113.9", query="token=open-sesame") == LET_IN


@pytest.mark.parametrize(
    "odd",
    [
        "NaN",
        "-Infinity",
        "1e400",
        "-1e400",
        "9" * 400,
        "9" * 5000,
        r'"\u0000"',
        r'"\ud800"',
        r'{"\u0000": 1}',
        r'{"\udfff": 1}',
        "[" * 60 + "]" * 60,
        "[" * 3000 + "]" * 3000,
        "7",
        "false",
        "[]",
    ],
    ids=lambda odd: odd[:12].encode("unicode_escape").decode(),
)
def test_it_refuses_what_no_database_keeps(odd: str) -> None:
    for body in (f'{{"message": "hi", "metadata": {odd}}}', f'{{"message": "hi", "metadata": {{"a": [{odd}]}}}}'):
        if body.endswith(("[7]}}", "[false]}}", "[[]]}}")):
            continue
        assert post(body.encode())[0] == 400
    assert post(f'{{"message": {odd}}}'.encode())[0] == 400
    assert post(f'{{"message": "hi", "sender": {odd}}}'.encode())[0] == 400


_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63, 10**30, 10**400, -(10**308)]),
    st.floats(width=16),  # PostgreSQL reads large ones back as whole numbers
    st.text(st.characters(codec=None, exclude_categories=()), max_size=6),
)
_METADATA = st.dictionaries(
    st.text(st.characters(codec=None, exclude_categories=()), max_size=3),
    st.recursive(
        _ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner), max_leaves=6
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metadata=_METADATA, text=st.text(st.characters(codec=None, exclude_categories=()), max_size=5))
@pytest.mark.django_db
def test_it_keeps_all_of_a_message_or_nothing(live_model: ModelVersion, metadata: dict[str, Any], text: str) -> None:
    before = Message.objects.count()
    try:
        stored = receive(channel="rest", external_id="maria", text=text, metadata=metadata)
    except BadMessage:
        assert Message.objects.count() == before
        assert connection.is_usable()
        return
    row = Message.objects.get(conversation=stored.conversation_id, seq=stored.seq)
    assert (row.text, row.metadata) == (text, metadata)
