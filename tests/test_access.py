"""Every address of the house, every method, everyone who might try: derived from the URLs, held against a table."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from auditlog.models import LogEntry
from axes.models import AccessAttempt, AccessLog
from channels.testing import WebsocketCommunicator
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from assistant.asgi import application
from conversations.channels.widget.visitors import token_of
from conversations.models import Conversation, Message, Replay
from conversations.routing import websocket_urlpatterns
from tests import access
from tests.settings import MODE
from training.models import Bot, Environment, Evaluation, Example, Intent, Job, ModelVersion, Response, Synonym

pytestmark = pytest.mark.django_db
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE")
PUBLIC_ID = uuid.UUID("11111111-1111-4111-8111-111111111111")
ARGUMENTS = {
    "channel": "widget",
    "name": "main-test",
    "url": "nowhere",
    "app_label": "training",
    "content_type_id": "1",
}
PARTS = ["admin/c", "admin/training/i", "admin/t", "admin/", "api/v1/c", "api/v1/m", "api/v1/t", ""]
REFUSED = {401, 403, 404}
_browser = Client(raise_request_exception=False)


@dataclass(frozen=True)
class Persona:
    name: str
    level: int
    session: str = ""
    token: str = ""

    def ask(self, method: str, path: str, body: str = "") -> Any:
        """In a transaction that is taken back."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        _browser.cookies.clear()
        _browser.cookies.load({"sessionid": self.session} if self.session else {})
        with transaction.atomic():
            answer = _browser.generic(method, path, body, content_type=_kind(path), headers=headers)
            transaction.set_rollback(True)
        return answer


@pytest.fixture
def house(db: None, settings: Any, tmp_path: Any) -> None:
    """One of everything. Whatever has a number has number 1."""
    settings.VAR_DIR = tmp_path
    User.objects.create_user("colleague", pk=1, is_staff=True)
    bot = Bot.objects.create(pk=1, name="main")
    version = ModelVersion.objects.create(pk=1, bot=bot, name="main-test", status="ready")
    place = Environment.objects.create(pk=1, bot=bot, active_version=version)
    talk = Conversation.objects.create(
        pk=1,
        public_id=PUBLIC_ID,
        channel="widget",
        external_id="sam",
        environment=place,
        last_active=timezone.now(),
        last_seq=1,
        last_turn=1,
        answered_turn=1,
    )
    now = timezone.now()
    Message.objects.create(
        pk=1, conversation=talk, seq=1, turn=1, role="user", text="hi", status="answered", created=now
    )
    _teach_and_work(bot, version)
    _number_after_these()


def _teach_and_work(bot: Bot, version: ModelVersion) -> None:
    intent = Intent.objects.create(pk=1, bot=bot, name="main-test")
    Example.objects.create(pk=1, bot=bot, intent=intent, text="hi", exact="1", alike="1")
    Response.objects.create(pk=1, bot=bot, name="main-test", variations=[{"text": "Hi"}])
    Synonym.objects.create(pk=1, bot=bot, value="two", text="a couple")
    job = Job.objects.create(pk=1, bot=bot, kind="train", version=version, status="done")
    Evaluation.objects.create(pk=1, version=version, kind="held_out")
    Replay.objects.create(pk=1, left=version, right=version, job=job)
    AccessAttempt.objects.create(pk=1, failures_since_start=1)
    AccessLog.objects.create(pk=1)
    LogEntry.objects.create(
        pk=1,
        content_type=ContentType.objects.get_for_model(Bot),
        object_pk="1",
        object_id=1,
        object_repr="main",
        action=LogEntry.Action.UPDATE,
        changes={"name": ["a", "b"]},
    )


def _number_after_these() -> None:
    """PostgreSQL's sequences do not see rows that bring their own number."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
            cursor.execute(statement)


@pytest.fixture
def personas(house: None) -> list[Persona]:
    levels = {"stan": access.STAFF, "vera": access.VIEWER, "anton": access.ANNOTATOR, "ada": access.ADMIN}
    roles = {"vera": "viewer", "anton": "annotator", "ada": "admin"}
    found = [Persona("anonymous", access.ANYONE), Persona("visitor", access.ANYONE, "", token_of("sam"))]
    for name, level in levels.items():
        user = User.objects.create_user(name, password="x", is_staff=True)
        user.groups.set(Group.objects.filter(name=roles.get(name)))
        found.append(_persona(user, level))
    found.append(_persona(User.objects.create_superuser("ana"), access.SUPERUSER))
    gone = _persona(User.objects.create_superuser("ivan"), access.ANYONE)
    User.objects.filter(username="ivan").update(is_active=False)
    return [*found, gone]


def _persona(user: User, level: int) -> Persona:
    client = Client()
    client.force_login(user)
    return Persona(user.username, level, client.cookies["sessionid"].value, str(AccessToken.for_user(user)))


def addresses(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Route, name and a path to try, of every address there is."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.name or "", _path(route)


def _path(route: str) -> str:
    plain = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route).replace("^", "").replace("$", "")
    return "/" + re.sub(r"<(?:(\w+):)?(\w+)>", lambda found: _argument(found[1], found[2]), plain)


def _argument(converter: str | None, name: str) -> str:
    return str(PUBLIC_ID) if converter == "uuid" else ARGUMENTS.get(name, "1")


def _kind(path: str) -> str:
    return "application/json" if path.startswith("/api/") else "application/x-www-form-urlencoded"


def refused(answer: Any) -> bool:
    return answer.status_code in REFUSED or answer.get("Location", "").startswith("/admin/login/")


def holds(persona: Persona, method: str, route: str, path: str) -> bool:
    """Refused below the level; above it, not refused and not broken. A method that is not there is 405 for all."""
    level, answer = access.level_of(route, method), persona.ask(method, path, access.BODIES.get(route, ""))
    if answer.status_code == 405 or level is None:
        return True
    if method == "OPTIONS" and "Allow" in answer and persona.level >= access.STAFF:
        return True  # which methods there are is no secret
    if persona.level < level:
        return refused(answer)
    return level == access.NOBODY or (not refused(answer) and answer.status_code < 500)


def of_interest(personas: list[Persona], route: str, method: str) -> list[Persona]:
    """All. For methods that only show what GET shows, and for a second database, the most who is refused and the least
    who is not; for both together, nobody."""
    shows = method not in {"GET", "POST"} if route.startswith("admin/") else method in {"HEAD", "OPTIONS", "TRACE"}
    if MODE == "embedded" and not shows:
        return personas
    if MODE == "distributed" and shows:
        return []
    level = access.level_of(route, method) or 0
    by_level = sorted(personas, key=lambda one: one.level)
    below = [one for one in by_level if one.level < level]
    return [*below[-1:], *by_level[len(below) : len(below) + 1]]


def test_it_has_a_row_for_every_address() -> None:
    assert [route for route, _, _ in addresses() if access.level_of(route, "GET") is None] == []


def test_it_has_no_row_for_what_is_not_there() -> None:
    routes = {route for route, _, _ in addresses()}
    assert set(access.PAGES) - routes == set()


@pytest.mark.parametrize("part", PARTS)
def test_it_lets_through_whom_the_table_names(personas: list[Persona], part: str) -> None:
    wrong = []
    for route, _name, path in addresses():
        if next(known for known in PARTS if route.startswith(known)) != part:
            continue
        for method in METHODS:
            asked = of_interest(personas, route, method)
            wrong += [f"{one.name} {method} {route}" for one in asked if not holds(one, method, route, path)]
    assert wrong == [], "\n".join(wrong)


def test_it_knows_every_socket() -> None:
    assert {str(pattern.pattern) for pattern in websocket_urlpatterns} == set(access.SOCKETS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("route", access.SOCKETS)
def test_it_opens_sockets_to_whom_the_table_names(personas: list[Persona], route: str) -> None:
    opened = {one.name for one in personas if async_to_sync(opens)(one, _path(route))}
    assert opened == {one.name for one in personas if one.level >= access.SOCKETS[route]}


async def opens(persona: Persona, path: str) -> bool:
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    headers += [(b"cookie", f"sessionid={persona.session}".encode())] if persona.session else []
    socket = WebsocketCommunicator(application, path, headers=headers)
    accepted, _ = await socket.connect(timeout=10)
    await socket.disconnect()
    return bool(accepted)
