"""The websocket of one reader of one conversation. It carries hints: what is shown is fetched by HTTP."""

from __future__ import annotations

import json
import re
import time
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.db import Error
from django.http import HttpRequest

from assistant.lib.threads import in_pool
from assistant.lib.throttles import Rate, TokenBucket
from assistant.lib.websockets import POLICY_VIOLATION, WebsocketConsumer
from conversations.groups import of_conversation, of_review
from conversations.models import Conversation
from conversations.selectors.review import stamp_of

AWAY_AFTER = 60.0  # seconds without a word from a colleague's page, which pings after 20
MAX_FRAME = 500
FRAMES = Rate(120, 60)  # a page pings after 20 s, and tells when somebody looks at another message
LONG_AGO = float("-inf")
LOOK_EVERY = 2.0  # seconds: for so long a colleague who was deactivated or logged out may still hear


class ReviewConsumer(WebsocketConsumer):
    """Colleagues hear of each other through the group: whoever comes says hello, and those who are there answer."""

    group = ""

    async def connect(self) -> None:
        self.user, self.at = self.scope["user"], 0
        self.pace, self.looked = TokenBucket(FRAMES), time.monotonic()
        self.others: dict[str, dict[str, Any]] = {}
        pk = await in_pool(_readable, self.user, self.scope["url_route"]["kwargs"]["public_id"])
        if pk is None:
            await self.close()
            return
        self.pk = pk
        await self.accept()
        self.group = of_review(pk)
        self.talk = of_conversation(self.scope["url_route"]["kwargs"]["public_id"])
        for group in (self.group, self.talk):
            await self.channel_layer.group_add(group, self.channel_name)
        await self._show_people()
        await self._say_where(hello=True)

    async def disconnect(self, code: int) -> None:
        if not self.group:
            return
        for group in (self.group, self.talk):
            await self.channel_layer.group_discard(group, self.channel_name)
        await self.channel_layer.group_send(self.group, {"type": "review.gone", "channel": self.channel_name})

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """`ping`, and `at` with the number of the message that one looks at. Other frames mean nothing."""
        if self.pace.wait():
            await self.close(POLICY_VIOLATION)
            return
        frame = _parsed(text_data)
        if not self.group or frame.get("type") not in {"ping", "at"}:
            return
        if frame["type"] == "at":
            seq = frame.get("seq")
            self.at = seq if isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq < 2**31 else 0
        elif not await self._pong():
            return
        await self._say_where()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """What the house says is for those who may still read it."""
        if message["type"].startswith("websocket.") or await self._may_hear():
            await super().dispatch(message)

    async def _may_hear(self) -> bool:
        if time.monotonic() - self.looked < LOOK_EVERY:
            return True
        self.looked = time.monotonic()
        try:
            if await in_pool(_still_there, self.scope["session"].session_key, self.user.pk):
                return True
        except Error:  # the database is away: the page asks again with its next ping
            self.looked = LONG_AGO
            return False
        await self.close()
        return False

    async def _pong(self) -> bool:
        """With what a page compares: hints get lost. Who may not read this any more is shown out."""
        self.looked = LONG_AGO
        if not await self._may_hear():
            return False
        news = await in_pool(_news, self.pk)
        if news is None:
            await self.close()
            return False
        await self.say({"type": "pong", **news})
        return True

    # --- what the house says

    async def conversation_messages(self, event: dict[str, Any]) -> None:
        """Which messages are new, and the turn that is answered, if one is."""
        seqs, turn = [message["seq"] for message in event["messages"]], event["turn"]
        await self.say({"type": "answered", "turn": turn, "seqs": seqs} if turn else {"type": "message", "seqs": seqs})

    async def conversation_frame(self, event: dict[str, Any]) -> None:
        """For the visitor's page."""

    async def review_frame(self, event: dict[str, Any]) -> None:
        await self.say(event["payload"])

    async def review_here(self, event: dict[str, Any]) -> None:
        """A colleague's page is here, and where in the conversation."""
        if event["person"]["id"] == self.user.pk:
            return
        self.others[event["channel"]] = {**event["person"], "heard": time.monotonic()}
        await self._show_people()
        if event["hello"]:
            await self._say_where()

    async def review_gone(self, event: dict[str, Any]) -> None:
        if self.others.pop(event["channel"], None):
            await self._show_people()

    # --- the rest

    async def _say_where(self, *, hello: bool = False) -> None:
        person = {"id": self.user.pk, "name": _name(self.user), "initials": _initials(self.user), "at": self.at}
        event = {"type": "review.here", "channel": self.channel_name, "person": person, "hello": hello}
        await self.channel_layer.group_send(self.group, event)

    async def _show_people(self) -> None:
        """Each colleague once, however many pages they have open: as last heard."""
        self.others = {
            key: person for key, person in self.others.items() if time.monotonic() - person["heard"] < AWAY_AFTER
        }
        newest = {person["id"]: person for person in sorted(self.others.values(), key=lambda person: person["heard"])}
        people = [{name: person[name] for name in ("name", "initials", "at")} for person in newest.values()]
        await self.say({"type": "presence", "people": people})


def _readable(user: Any, public_id: Any) -> int | None:
    """The conversation's key, None where there is none or this user may not read it."""
    if not _may_read(user):
        return None
    return Conversation.objects.filter(public_id=public_id).values_list("pk", flat=True).first()


def _still_there(session_key: str | None, user_id: int) -> bool:
    """Whether the session goes on, as it does not after logging out or with a new password, and its user may read."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    return user.pk == user_id and _may_read(user)


def _news(pk: int) -> dict[str, Any] | None:
    newest = Conversation.objects.filter(pk=pk).values_list("last_seq", flat=True).first()
    if newest is None:
        return None
    return {"newest_seq": newest, "stamp": stamp_of(pk)}


def _may_read(user: Any) -> bool:
    return bool(user.is_active and user.is_staff and user.has_perm("conversations.view_conversation"))


def _parsed(text: str | None) -> dict[str, Any]:
    try:
        frame = json.loads(text) if text and len(text) <= MAX_FRAME else None
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}


def _name(user: Any) -> str:
    return str(user.get_full_name() or user.get_username())


def _initials(user: Any) -> str:
    words = re.findall(r"[^\W_]+", _name(user)) or ["?"]
    return (words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]).upper()
