"""The widget's websocket. It parses, calls one service, answers; what it sends is never the only copy."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from assistant.lib.client_limits import anonymous_sockets, current_client
from assistant.lib.errors import FrontdeskError
from assistant.lib.threads import in_pool
from assistant.lib.throttles import Rate, TokenBucket, local_throttle_wait, retry_after, throttle_wait
from assistant.lib.websockets import POLICY_VIOLATION, TOO_MANY, WebsocketConsumer
from conversations import groups, selectors, services
from conversations.channels.payloads import message_payload
from conversations.channels.widget.frames import SHAPES, BadFrame, Frame, parse
from conversations.channels.widget.visitors import new_visitor, token_of, visitor_of
from conversations.models import Conversation

log = logging.getLogger("frontdesk.widget")
CHANNEL = "widget"
HELLO_WITHIN = 10.0  # seconds
REFUSALS = Rate(30, 60)  # errors that one socket may cause: a widget does not go on, a flood does


class TooFast(FrontdeskError):
    code = "rate_limited"


class ChatConsumer(WebsocketConsumer):
    """One tab of one visitor. The first frame must be `hello`."""

    conversation: Conversation | None = None

    async def connect(self) -> None:
        self.newest_seq = 0
        self.paces = {kind: TokenBucket(shape.often) for kind, shape in SHAPES.items()}
        self.refusals = TokenBucket(REFUSALS)
        self.client = current_client.get()
        self.is_stranger = anonymous_sockets.take(self.client)
        if not self.is_stranger:
            await self.close(TOO_MANY)
            return
        self.patience = asyncio.get_running_loop().call_later(HELLO_WITHIN, self._lose_patience)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        self._no_stranger()
        if self.conversation is not None:
            await self.channel_layer.group_discard(
                groups.of_conversation(self.conversation.public_id), self.channel_name
            )

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame = None
        try:
            frame = parse(text_data, bytes_data)
            self._keep_pace(frame)
            await self._handler(frame)(frame)
        except FrontdeskError as error:
            await self._refuse(error, frame)
        except Exception as error:  # this client hears of it, and keeps its message for another try
            log.error("widget frame failed: %s", type(error).__name__)
            await self._refuse(FrontdeskError("That did not work, please try again.", code="server"), frame)

    def _handler(self, frame: Frame) -> Callable[[Frame], Awaitable[None]]:
        if self.conversation is None and frame.type not in {"hello", "ping"}:
            raise BadFrame("Say hello first.", code="not_hello")
        return {
            "hello": self._hello,
            "message": self._message,
            "typing": self._typing,
            "fetch": self._fetch,
            "feedback": self._feedback,
            "handoff": self._handoff,
            "ping": self._ping,
        }[frame.type]

    # --- what a client says

    async def _hello(self, frame: Frame) -> None:
        self._no_stranger()
        token = frame.text("visitor")
        if not token:
            await self._slow_down(f"visitors:{self.client}", settings.RATE_LIMIT_PUBLIC)
        visitor = visitor_of(token) if token else new_visitor()
        if visitor is None:
            raise BadFrame("This visitor token is not ours.", code="bad_token")
        self.visitor, self.site, self.locale = visitor, frame.text("site"), frame.text("locale")
        await self._enter(frame.number("last_seq"))

    async def _enter(self, last_seq: int = 0) -> None:
        """The visitor's conversation, begun now where there is none, or none any more."""
        await self._leave()
        conversation = await in_pool(
            services.open_conversation,
            channel=CHANNEL,
            external_id=self.visitor,
            site=self.site,
            locale=self.locale,
        )
        await self.channel_layer.group_add(groups.of_conversation(conversation.public_id), self.channel_name)
        self.conversation = conversation
        await self._welcome(conversation, token_of(self.visitor), last_seq)

    async def _welcome(self, conversation: Conversation, token: str, last_seq: int) -> None:
        conversation = await self._fresh()
        read = selectors.messages_after if last_seq else selectors.latest_messages
        messages = await in_pool(read, conversation.pk, *([last_seq] if last_seq else []))
        await self.say(
            {
                "type": "welcome",
                "conversation": str(conversation.public_id),
                "visitor": token,
                "state": conversation.state,
                "newest_seq": conversation.last_seq,
                "messages": [message_payload(message, conversation.last_seq) for message in messages],
            }
        )

    async def _message(self, frame: Frame) -> None:
        conversation = self._here()
        if not frame.id:
            raise BadFrame("A message has an id.")
        await self._slow_down(f"messages:{self.client}", settings.RATE_LIMIT_PUBLIC)
        await self._slow_down(f"visitor:{conversation.pk}", settings.RATE_LIMIT_VISITOR)
        stored = await in_pool(
            services.receive,
            channel=CHANNEL,
            external_id=conversation.external_id,
            text=frame.text("text"),
            client_id=frame.id,
            payload=frame.text("payload"),
        )
        if stored.conversation_id != conversation.pk:  # staff deleted it meanwhile
            await self._enter()
        await self.say({"type": "accepted", "id": frame.id, "seq": stored.seq})
        if stored.new:
            await self.say({"type": "typing", "on": True})

    async def _typing(self, frame: Frame) -> None:
        """Nobody watches yet; the frame is part of the protocol and harmless."""

    async def _fetch(self, frame: Frame) -> None:
        conversation = await self._fresh()
        messages = await in_pool(selectors.messages_after, conversation.pk, frame.number("after_seq"))
        payloads = [message_payload(message, conversation.last_seq) for message in messages]
        await self.say({"type": "messages", "messages": payloads, "newest_seq": conversation.last_seq})

    async def _feedback(self, frame: Frame) -> None:
        await in_pool(
            services.give_feedback,
            conversation=await self._fresh(),
            seq=frame.number("seq"),
            value=frame.text("value"),
            reason=frame.text("reason"),
        )

    async def _handoff(self, frame: Frame) -> None:
        await in_pool(services.request_handoff, conversation=str((await self._fresh()).public_id))

    async def _ping(self, frame: Frame) -> None:
        newest = (await self._fresh()).last_seq if self.conversation else 0
        await self.say({"type": "pong", "newest_seq": newest})

    # --- what the house says (by hints)

    async def conversation_messages(self, event: dict[str, Any]) -> None:
        for payload in event["messages"]:
            await self.say(payload)
        if not event["messages"]:  # the bot keeps quiet
            await self.say({"type": "typing", "on": False})

    async def conversation_frame(self, event: dict[str, Any]) -> None:
        await self.say(event["payload"])

    # --- the rest

    def _here(self) -> Conversation:
        if self.conversation is None:
            raise BadFrame("Say hello first.", code="not_hello")
        return self.conversation

    async def _fresh(self) -> Conversation:
        rows = Conversation.objects.defer("snapshot").filter(pk=self._here().pk)
        found = await in_pool(rows.first)
        if found is None:  # staff deleted it
            await self._enter()
        return found or self._here()

    async def _leave(self) -> None:
        if self.conversation is not None:
            await self.channel_layer.group_discard(
                groups.of_conversation(self.conversation.public_id), self.channel_name
            )

    async def _slow_down(self, key: str, limit: str) -> None:
        wait = await in_pool(throttle_wait, key, limit) if limit != "off" else 0.0
        if wait:
            raise TooFast("That was a bit fast, please wait a moment.", retry_after=retry_after(wait))

    def _keep_pace(self, frame: Frame) -> None:
        """Of this socket, and of all sockets of its address. Counted here: no thread and no other server is asked."""
        if settings.RATE_LIMIT_FRAMES == "off":
            return
        wait = self.paces[frame.type].wait() or local_throttle_wait(f"frames:{self.client}", settings.RATE_LIMIT_FRAMES)
        if wait:
            raise TooFast("That was a bit fast, please wait a moment.", retry_after=retry_after(wait))

    def _lose_patience(self) -> None:
        asyncio.ensure_future(self.close(POLICY_VIOLATION))  # noqa: RUF006  nothing waits for it

    def _no_stranger(self) -> None:
        if self.is_stranger:
            self.is_stranger = False
            self.patience.cancel()
            anonymous_sockets.give_back(self.client)

    async def _refuse(self, error: FrontdeskError, frame: Frame | None) -> None:
        """Who goes on regardless is shown out."""
        if self.refusals.wait():
            await self.close(POLICY_VIOLATION)
            return
        about = {"id": frame.id, "of": frame.type} if frame else {"id": None, "of": None}
        await self.say({"type": "error", "code": error.code, "detail": error.message, **about, **error.extra})
