"""What all addresses of the API have in common: slashes, errors, methods, the schema."""

from __future__ import annotations

import json
from inspect import cleandoc
from typing import Any

import pytest
from django.test import Client
from rest_framework.mixins import ListModelMixin

from assistant.lib.api.serializers import QuerySerializer, StrictSerializer
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


def raw(method: str, path: str, body: bytes = b"", kind: str = "application/json") -> Any:
    return Client(raise_request_exception=False).generic(method, path, body, content_type=kind)


def is_error(answer: Any, status: int, code: str) -> bool:
    assert answer.status_code == status, answer.content
    said = json.loads(answer.content)
    return set(said) == {"message", "extra"} and said["extra"]["code"] == code and bool(said["message"])


@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/api/v1/auth/login/"])
def test_it_takes_addresses_with_and_without_the_last_slash(path: str) -> None:
    assert is_error(raw("POST", path, b'{"username": "x", "password": "y"}'), 401, "bad_credentials")


@pytest.mark.parametrize("path", ["/api/v1/conversations", "/api/v1/models/", "/api/v1/training-data/examples"])
def test_it_is_for_those_who_logged_in(path: str) -> None:
    assert is_error(raw("GET", path), 401, "not_authenticated")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/api/", "/api/v1", "/api/v1/nothing/here/", "/api/v2/conversations"])
def test_it_says_in_json_that_nothing_is_there(method: str, path: str) -> None:
    assert is_error(raw(method, path), 404, "not_found")


def test_it_says_which_methods_there_are(viewer: Program) -> None:
    answer = viewer.delete("conversations")
    assert is_error(answer, 405, "method_not_allowed")
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "parse_error"),
        (b'{"username": "\xff"}', 400, "parse_error"),
        (b'{"username": "\\ud800", "password": "x"}', 400, "parse_error"),
        (b'{"username": NaN}', 400, "parse_error"),
        (b'{"username": 1e400}', 400, "parse_error"),
        (b"[" * 100_000, 400, "parse_error"),
        (b'"text"', 400, "invalid"),
        (b"[1]", 400, "invalid"),
        (b'{"username": "\\u0000", "password": "x"}', 400, "invalid"),
        (b"x" * 1_100_000, 413, "too_large"),
    ],
)
def test_it_refuses_what_it_cannot_read(body: bytes, status: int, code: str) -> None:
    assert is_error(raw("POST", "/api/v1/auth/login", body), status, code)


def test_it_takes_json_only() -> None:
    assert is_error(raw("POST", "/api/v1/auth/login", b"a=b", "text/plain"), 415, "unsupported_media_type")


def test_it_hides_what_broke(
    viewer: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(ListModelMixin, "list", broken)
    answer = viewer.get("conversations")
    assert is_error(answer, 500, "server")
    assert b"secret" not in answer.content
    assert "RuntimeError" in caplog.text


def test_it_describes_itself_to_everyone() -> None:
    schema = Client().get("/api/schema/", headers={"accept": "application/json"}).json()
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) > 40
    assert all({"401", "default"} <= set(operation["responses"]) for operation in operations)
    secured = [operation for operation in operations if operation.get("security") == [{"jwtAuth": []}]]
    assert len(operations) - len(secured) == 3  # log in, refresh, log out


def test_it_describes_every_body_in_its_own_words() -> None:
    """A serializer without a docstring would say those of its base class, which are for us."""
    schemas = Client().get("/api/schema/", headers={"accept": "application/json"}).json()["components"]["schemas"]
    of_bases = {cleandoc(base.__doc__ or "") for base in (StrictSerializer, QuerySerializer)}
    assert [name for name, schema in schemas.items() if schema.get("description") in of_bases] == []


@pytest.mark.parametrize("path", ["/api/docs/", "/api/docs/?script="])
def test_it_has_a_manual_without_inline_script(path: str) -> None:
    page = Client().get(path)
    assert page.status_code == 200
    assert b"<style" not in page.content
    assert b"<script>" not in page.content
    assert "script-src 'self'" in page["Content-Security-Policy"]
