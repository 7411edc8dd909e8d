"""The widget's websocket. It parses, calls one service, answers; what it sends is never the only copy."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from django.conf import settings

from assistant.lib.client_limits import anonymous_sockets, current_client
from assistant.lib.errors import FrontdeskError
from assistant.lib.threads import in_pool
from assistant.lib.throttles import Rate, TokenBucket, local_throttle_wait, retry_after, throttle_wait
from assistant.lib.websockets import POLICY_VIOLATION, TOO_MANY, WebsocketConsumer
from conversations import groups, selectors, services
from conversations.channels.payloads import message_payload
from conversations.channels.widget.frames import FRAME_TYPES, BadFrame, Frame, parse_frame
from conversations.channels.widget.visitors import new_visitor, token_of, visitor_of
from conversations.models import Conversation

log = logging.getLogger("frontdesk.widget")
CHANNEL = "widget"
HELLO_WITHIN = 10.0  # seconds
ERRORS = Rate(30, 60)  # that one socket may cause: a widget does not go on, a flood does


class TooFast(FrontdeskError):
    """The visitor, or everyone at this address, sends more than the limits allow."""

    code = "rate_limited"


class ChatConsumer(WebsocketConsumer):
    """One tab of one visitor. The first frame must be `hello`."""

    conversation: Conversation | None = None

    async def connect(self) -> None:
        self.buckets = {name: TokenBucket(frame_type.rate) for name, frame_type in FRAME_TYPES.items()}
        self.errors = TokenBucket(ERRORS)
        self.client = current_client.get()
        self.is_anonymous = anonymous_sockets.take(self.client)
        if not self.is_anonymous:
            await self.close(TOO_MANY)
            return
        self.hello_timeout = asyncio.get_running_loop().call_later(
            HELLO_WITHIN,
            lambda: asyncio.ensure_future(self.close(POLICY_VIOLATION)),  # nothing waits for it
        )
        await self.accept()

    async def disconnect(self, code: int) -> None:
        self._end_anonymity()
        await self._leave_group()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Each type of frame has its own method, `on_<type>`. Whatever goes wrong there, the client hears of it, and
        keeps its message for another try."""
        frame = None
        try:
            frame = parse_frame(text_data, bytes_data)
            self._limit_frames(frame)
            if self.conversation is None and frame.type not in {"hello", "ping"}:
                raise BadFrame("Say hello first.", code="not_hello")
            await getattr(self, f"on_{frame.type}")(frame)
        except FrontdeskError as error:
            await self._say_error(error, frame)
        except Exception as error:
            log.error("widget frame failed: %s", type(error).__name__)
            await self._say_error(FrontdeskError("That did not work, please try again.", code="server"), frame)

    # --- frames of the client

    async def on_hello(self, frame: Frame) -> None:
        """Whoever brings no token gets one, as a new visitor."""
        self._end_anonymity()
        token = frame.text("visitor")
        if not token:
            await self._limit(f"visitors:{self.client}", settings.RATE_LIMIT_PUBLIC)
        visitor = visitor_of(token) if token else new_visitor()
        if visitor is None:
            raise BadFrame("This visitor token is not ours.", code="bad_token")
        self.visitor, self.site, self.locale = visitor, frame.text("site"), frame.text("locale")
        await self._open_conversation(frame.number("last_seq"))

    async def on_message(self, frame: Frame) -> None:
        """Store it and say so: from then on the message can't get lost."""
        conversation = cast(Conversation, self.conversation)
        if not frame.id:
            raise BadFrame("A message has an id.")
        await self._limit(f"messages:{self.client}", settings.RATE_LIMIT_PUBLIC)
        await self._limit(f"visitor:{conversation.pk}", settings.RATE_LIMIT_VISITOR)
        stored = await in_pool(
            services.receive,
            channel=CHANNEL,
            external_id=conversation.external_id,
            text=frame.text("text"),
            client_id=frame.id,
            payload=frame.text("payload"),
        )
        if stored.conversation_id != conversation.pk:  # staff deleted it meanwhile
            await self._open_conversation()
        await self.say({"type": "accepted", "id": frame.id, "seq": stored.seq})
        if stored.new:
            await self.say({"type": "typing", "on": True})

    async def on_typing(self, frame: Frame) -> None:
        """Nobody watches yet; the frame is part of the protocol and harmless."""

    async def on_fetch(self, frame: Frame) -> None:
        """The messages that the client has not got, where a hint was lost."""
        conversation = await self._reload()
        messages = await in_pool(selectors.messages_after, conversation.pk, frame.number("after_seq"))
        payloads = [message_payload(message, conversation.last_seq) for message in messages]
        await self.say({"type": "messages", "messages": payloads, "newest_seq": conversation.last_seq})

    async def on_feedback(self, frame: Frame) -> None:
        """Thumbs up or down."""
        await in_pool(
            services.give_feedback,
            conversation=await self._reload(),
            seq=frame.number("seq"),
            value=frame.text("value"),
            reason=frame.text("reason"),
        )

    async def on_handoff(self, frame: Frame) -> None:
        """The visitor asks for a person."""
        conversation = await self._reload()
        await in_pool(services.request_handoff, conversation=str(conversation.public_id))

    async def on_ping(self, frame: Frame) -> None:
        """With the newest number the client sees whether it has missed a message."""
        newest = (await self._reload()).last_seq if self.conversation else 0
        await self.say({"type": "pong", "newest_seq": newest})

    # --- hints from workers and other processes

    async def conversation_messages(self, event: dict[str, Any]) -> None:
        """New messages of this conversation."""
        for payload in event["messages"]:
            await self.say(payload)
        if not event["messages"]:  # the bot keeps quiet
            await self.say({"type": "typing", "on": False})

    async def conversation_frame(self, event: dict[str, Any]) -> None:
        """A frame to be passed on as it is."""
        await self.say(event["payload"])

    # --- the conversation

    async def _open_conversation(self, last_seq: int = 0) -> None:
        """Join the visitor's conversation, begun now where there is none or none any more, and say what is new after
        `last_seq`."""
        await self._leave_group()
        conversation = await in_pool(
            services.open_conversation,
            channel=CHANNEL,
            external_id=self.visitor,
            site=self.site,
            locale=self.locale,
        )
        await self.channel_layer.group_add(groups.conversation_group(conversation.public_id), self.channel_name)
        self.conversation = conversation
        conversation = await self._reload()  # what came before it was in the group, no hint says
        if last_seq:
            messages = await in_pool(selectors.messages_after, conversation.pk, last_seq)
        else:
            messages = await in_pool(selectors.latest_messages, conversation.pk)
        await self.say(
            {
                "type": "welcome",
                "conversation": str(conversation.public_id),
                "visitor": token_of(self.visitor),
                "state": conversation.state,
                "newest_seq": conversation.last_seq,
                "messages": [message_payload(message, conversation.last_seq) for message in messages],
            }
        )

    async def _reload(self) -> Conversation:
        """The conversation as it is now; a new one where staff deleted it."""
        known = cast(Conversation, self.conversation)
        current = await in_pool(Conversation.objects.defer("snapshot").filter(pk=known.pk).first)
        if current is None:
            await self._open_conversation()
        return current or self.conversation or known

    async def _leave_group(self) -> None:
        if self.conversation is not None:
            await self.channel_layer.group_discard(
                groups.conversation_group(self.conversation.public_id), self.channel_name
            )

    # --- limits

    async def _limit(self, key: str, limit: str) -> None:
        wait = await in_pool(throttle_wait, key, limit) if limit != "off" else 0.0
        if wait:
            raise TooFast("That was a bit fast, please wait a moment.", retry_after=retry_after(wait))

    def _limit_frames(self, frame: Frame) -> None:
        """Of this socket, and of all sockets of its address. Counted here: no thread and no other server is asked."""
        if settings.RATE_LIMIT_FRAMES == "off":
            return
        wait = self.buckets[frame.type].wait()
        wait = wait or local_throttle_wait(f"frames:{self.client}", settings.RATE_LIMIT_FRAMES)
        if wait:
            raise TooFast("That was a bit fast, please wait a moment.", retry_after=retry_after(wait))

    def _end_anonymity(self) -> None:
        """It said hello, or is gone: its address may open another socket that says nothing yet."""
        if self.is_anonymous:
            self.is_anonymous = False
            self.hello_timeout.cancel()
            anonymous_sockets.give_back(self.client)

    async def _say_error(self, error: FrontdeskError, frame: Frame | None) -> None:
        """A client that goes on regardless is disconnected."""
        if self.errors.wait():
            await self.close(POLICY_VIOLATION)
            return
        about = {"id": frame.id, "of": frame.type} if frame else {"id": None, "of": None}
        await self.say({"type": "error", "code": error.code, "detail": error.message, **about, **error.extra})
