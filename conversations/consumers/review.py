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
from conversations.groups import conversation_group, review_group
from conversations.models import Conversation
from conversations.selectors.review import stamp_of

AWAY_AFTER = 60.0  # seconds without a word from a colleague's page, which pings after 20
MAX_FRAME = 500
FRAMES = Rate(120, 60)  # a page pings after 20 s, and tells when somebody looks at another message
LONG_AGO = float("-inf")
CHECK_EVERY = 2.0  # seconds: for so long a colleague who was deactivated or logged out may still hear


class ReviewConsumer(WebsocketConsumer):
    """Colleagues hear of each other through the group: whoever comes says hello, and those who are there answer."""

    conversation_id: int | None = None

    async def connect(self) -> None:
        self.user, self.seq = self.scope["user"], 0
        self.bucket, self.checked = TokenBucket(FRAMES), time.monotonic()
        self.colleagues: dict[str, dict[str, Any]] = {}  # by the names of their pages' channels
        public_id = self.scope["url_route"]["kwargs"]["public_id"]
        rows = Conversation.objects.filter(public_id=public_id).values_list("pk", flat=True)
        conversation_id = await in_pool(rows.first) if await in_pool(_may_read, self.user) else None
        if conversation_id is None:
            await self.close()
            return
        await self.accept()
        self.conversation_id = conversation_id
        self.review_group, self.conversation_group = review_group(conversation_id), conversation_group(public_id)
        for group in (self.review_group, self.conversation_group):
            await self.channel_layer.group_add(group, self.channel_name)
        await self._say_presence()
        await self._send_presence(hello=True)

    async def disconnect(self, code: int) -> None:
        if self.conversation_id is None:
            return
        for group in (self.review_group, self.conversation_group):
            await self.channel_layer.group_discard(group, self.channel_name)
        await self.channel_layer.group_send(self.review_group, {"type": "review.gone", "channel": self.channel_name})

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """`ping`, and `at` with the number of the message that one looks at. Other frames mean nothing."""
        if self.bucket.wait():
            await self.close(POLICY_VIOLATION)
            return
        frame = _parse(text_data)
        if self.conversation_id is None or frame.get("type") not in {"ping", "at"}:
            return
        if frame["type"] == "at":
            seq = frame.get("seq")
            self.seq = seq if isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq < 2**31 else 0
        elif not await self._pong(self.conversation_id):
            return
        await self._send_presence()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Hints are for those who may still read the conversation."""
        if message["type"].startswith("websocket.") or await self._may_still_read():
            await super().dispatch(message)

    async def _may_still_read(self) -> bool:
        """Asked of the database every two seconds at most. Who may not read it any more is disconnected."""
        if time.monotonic() - self.checked < CHECK_EVERY:
            return True
        self.checked = time.monotonic()
        try:
            if await in_pool(_is_logged_in_reader, self.scope["session"].session_key, self.user.pk):
                return True
        except Error:  # the database is away: the page asks again with its next ping
            self.checked = LONG_AGO
            return False
        await self.close()
        return False

    async def _pong(self, conversation_id: int) -> bool:
        """Say what a page needs to see whether a hint was lost. False for who may not read this any more."""
        self.checked = LONG_AGO
        if not await self._may_still_read():
            return False
        rows = Conversation.objects.filter(pk=conversation_id).values_list("last_seq", flat=True)
        newest_seq = await in_pool(rows.first)
        if newest_seq is None:
            await self.close()
            return False
        await self.say({"type": "pong", "newest_seq": newest_seq, "stamp": await in_pool(stamp_of, conversation_id)})
        return True

    # --- hints from workers and other processes

    async def conversation_messages(self, event: dict[str, Any]) -> None:
        """Which messages are new, and the turn that is answered, if one is."""
        seqs, turn = [message["seq"] for message in event["messages"]], event["turn"]
        await self.say({"type": "answered", "turn": turn, "seqs": seqs} if turn else {"type": "message", "seqs": seqs})

    async def conversation_frame(self, event: dict[str, Any]) -> None:
        """For the visitor's page."""

    async def review_frame(self, event: dict[str, Any]) -> None:
        """A frame to be passed on as it is."""
        await self.say(event["payload"])

    async def review_here(self, event: dict[str, Any]) -> None:
        """A colleague's page is here, and where in the conversation."""
        if event["person"]["id"] == self.user.pk:
            return
        self.colleagues[event["channel"]] = {**event["person"], "heard": time.monotonic()}
        await self._say_presence()
        if event["hello"]:
            await self._send_presence()

    async def review_gone(self, event: dict[str, Any]) -> None:
        """A colleague closed a page."""
        if self.colleagues.pop(event["channel"], None):
            await self._say_presence()

    # --- presence

    async def _send_presence(self, *, hello: bool = False) -> None:
        """Tell the colleagues' pages who is here, and at which message. Those that are there answer a hello."""
        name = str(self.user.get_full_name() or self.user.get_username())
        words = re.findall(r"[^\W_]+", name) or ["?"]
        initials = words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]
        person = {"id": self.user.pk, "name": name, "initials": initials.upper(), "at": self.seq}
        event = {"type": "review.here", "channel": self.channel_name, "person": person, "hello": hello}
        await self.channel_layer.group_send(self.review_group, event)

    async def _say_presence(self) -> None:
        """Each colleague once, however many pages they have open: as last heard."""
        away = time.monotonic() - AWAY_AFTER
        self.colleagues = {key: person for key, person in self.colleagues.items() if person["heard"] > away}
        in_order = sorted(self.colleagues.values(), key=lambda person: person["heard"])
        newest = {person["id"]: person for person in in_order}
        people = [{name: person[name] for name in ("name", "initials", "at")} for person in newest.values()]
        await self.say({"type": "presence", "people": people})


def _is_logged_in_reader(session_key: str | None, user_id: int) -> bool:
    """Whether the session goes on, as it does not after logging out or with a new password, and its user may read."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    return user.pk == user_id and _may_read(user)


def _may_read(user: Any) -> bool:
    return bool(user.is_active and user.is_staff and user.has_perm("conversations.view_conversation"))


def _parse(text: str | None) -> dict[str, Any]:
    """Nothing where it is no JSON object, or a long one."""
    try:
        frame = json.loads(text) if text and len(text) <= MAX_FRAME else None
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}
