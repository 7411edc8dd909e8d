"""Programs of the staff, each with a role, logged in."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import AsyncClient, Client

from tests.admin_ui.conftest import wrote

__all__ = ["wrote"]


class Program:
    """A client of the API: `program.get("conversations", state="bot")`, `program.post("auth/login", {...})`."""

    def __init__(self, access: str = "") -> None:
        self._headers = {"authorization": f"Bearer {access}"} if access else {}
        self._client = Client(headers=self._headers)

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(f"/api/v1/{path}", query)

    @async_to_sync
    async def streamed(self, path: str, **query: Any) -> bytes:
        """A file as the server sends it: over ASGI, piece by piece."""
        answer: Any = await AsyncClient().get(f"/api/v1/{path}", query, headers=self._headers)
        return b"".join([piece async for piece in answer.streaming_content])

    def post(self, path: str, body: Any = None) -> Any:
        return self._sent("POST", path, body)

    def put(self, path: str, body: Any = None) -> Any:
        return self._sent("PUT", path, body)

    def patch(self, path: str, body: Any = None) -> Any:
        return self._sent("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self._sent("DELETE", path, None)

    def upload(self, path: str, **parts: Any) -> Any:
        return self._client.post(f"/api/v1/{path}", parts)

    def _sent(self, method: str, path: str, body: Any) -> HttpResponse:
        return self._client.generic(method, f"/api/v1/{path}", _json(body), content_type="application/json")


def _json(body: Any) -> str:
    import json

    return "" if body is None else json.dumps(body)


def colleague(name: str, role: str) -> User:
    user = User.objects.create_user(name, password=f"desk-of-{name}", is_staff=True)
    user.groups.set(Group.objects.filter(name=role))
    return user


def logged_in(name: str, role: str) -> Program:
    colleague(name, role)
    answer = Program().post("auth/login", {"username": name, "password": f"desk-of-{name}"})
    return Program(answer.json()["access"])


@pytest.fixture
def viewer(db: None) -> Program:
    return logged_in("vera", "viewer")


@pytest.fixture
def annotator(db: None) -> Program:
    return logged_in("anton", "annotator")


@pytest.fixture
def admin(db: None) -> Program:
    return logged_in("ada", "admin")
