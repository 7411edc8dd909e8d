"""`POST /webhooks/rest/webhook`: the contract of Rasa's REST channel, with answers that can't get lost.

A plain ASGI application: the busiest address of all needs no session, cookie or template, and a caller that waits costs
no thread.
"""

from __future__ import annotations

import hmac
import json
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings

from assistant.lib import strict_json
from assistant.lib.addresses import client_of_scope, headers_of, is_local, peer_of
from assistant.lib.errors import FrontdeskError
from assistant.lib.threads import in_pool
from assistant.lib.throttles import retry_after, throttle_wait
from conversations import services
from conversations.channels.payloads import rest_payload
from conversations.channels.rest.waiting import waiting_callers
from conversations.errors import BadMessage
from conversations.groups import REST

log = logging.getLogger("frontdesk.rest")
MAX_BYTES = 100_000  # of a body
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
_STATUS = {
    "timeout": 504,
    "unauthorized": 401,
    "not_local": 403,
    "rate_limited": 429,
    "too_long": 413,
    "not_post": 405,
}


@dataclass(frozen=True)
class Call:
    """One request: header names in lower case."""

    method: str
    headers: dict[str, str]
    query: dict[str, list[str]]
    client: str
    local: bool  # from this machine

    @classmethod
    def from_scope(cls, scope: dict[str, Any]) -> Call:
        """Of ASGI."""
        headers = headers_of(scope["headers"])
        query = parse_qs(scope["query_string"].decode("latin-1"))
        return cls(scope["method"], headers, query, client_of_scope(scope), is_local(peer_of(scope), headers))


@dataclass(frozen=True)
class Body:
    """What Rasa's REST channel takes."""

    sender: str
    message: str
    metadata: dict[str, Any]

    @classmethod
    def parse(cls, raw: bytes) -> Body:
        """Raises BadMessage for anything else."""
        try:
            value = strict_json.parse_json(raw.decode())
            if not strict_json.is_storable(value):
                raise ValueError("NUL")
        except UnicodeDecodeError:
            raise BadMessage("The body is not UTF-8.", code="not_utf8") from None
        except ValueError:
            raise BadMessage("The body is not JSON that can be kept.", code="bad_json") from None
        if not isinstance(value, dict):
            raise BadMessage("The body is a JSON object.", code="bad_json")
        sender, message, metadata = value.get("sender", "default"), value.get("message"), value.get("metadata")
        metadata = {} if metadata is None else metadata
        if not isinstance(sender, str) or not isinstance(message, str) or not isinstance(metadata, dict):
            raise BadMessage("sender and message are texts, metadata an object.", code="unknown_type")
        return cls(sender, message, metadata)


async def webhook(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The replies to this message, its turn in the conversation included.

    An `Idempotency-Key` header makes a repeated POST the same message. 504 after REST_TIMEOUT: the message is kept
    and will be answered; the same POST with the same key gets its replies later.
    """
    content: Any
    try:
        call = Call.from_scope(scope)
        _check_permission(call)
        content, status, headers = await _replies(call, await _read_body(receive)), 200, {}
    except FrontdeskError as error:
        content = {"message": error.message, "extra": {"code": error.code, **error.extra}}
        status, headers = _STATUS.get(error.code, error.status), _error_headers(error)
    except Exception as error:  # the caller hears that it was us, and may send the same key again
        log.error("REST message failed: %s", type(error).__name__)
        content = {"message": "That did not work, please try again.", "extra": {"code": "server"}}
        status, headers = 500, {}
    body = json.dumps(content, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **headers,
    }
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _check_permission(call: Call) -> None:
    """REST_TOKEN, where one is set: as a bearer, or as `?token=`, which is how Rasa's own server takes it. Whoever may
    call speaks as any sender, so without a token it is for programs on this machine, or REST_OPEN says otherwise."""
    if call.method != "POST":
        raise FrontdeskError("Use POST.", code="not_post")
    if not settings.REST_TOKEN:
        if call.local or settings.REST_OPEN:
            return
        raise FrontdeskError(
            "No REST_TOKEN is set, so this channel is for programs on the server itself. Set REST_TOKEN on the server "
            "and send it as `Authorization: Bearer ...`, or set REST_OPEN=true there to let everyone in.",
            code="not_local",
        )
    given = call.headers.get("authorization", "").removeprefix("Bearer ") or call.query.get("token", [""])[0]
    if not hmac.compare_digest(given.encode(), settings.REST_TOKEN.encode()):
        raise FrontdeskError(
            "A valid token is needed: the server's REST_TOKEN, sent as `Authorization: Bearer ...`.",
            code="unauthorized",
        )


async def _read_body(receive: Receive) -> bytes:
    parts, size, more = [], 0, True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise BadMessage("The request broke off.")
        parts.append(event.get("body", b""))
        size, more = size + len(parts[-1]), event.get("more_body", False)
        if size > MAX_BYTES:  # checked for each part: what is too long is never held as a whole
            raise BadMessage(f"A request has at most {MAX_BYTES} bytes.", code="too_long")
    return b"".join(parts)


async def _replies(call: Call, raw: bytes) -> list[dict[str, Any]]:
    """Store the message and wait for what the bot says to it."""
    body = Body.parse(raw)
    limits = {f"rest:{call.client}": settings.RATE_LIMIT_PUBLIC, f"sender:{body.sender}": settings.RATE_LIMIT_VISITOR}
    for key, limit in limits.items():
        wait = await in_pool(throttle_wait, key, limit) if limit != "off" else 0.0
        if wait:
            raise FrontdeskError("Too many messages.", code="rate_limited", retry_after=retry_after(wait))
    stored = await in_pool(
        services.receive,
        channel=REST,
        external_id=body.sender,
        text=body.message,
        client_id=call.headers.get("idempotency-key"),
        metadata=body.metadata,
    )
    replies = await waiting_callers().wait(stored, settings.REST_TIMEOUT)
    return [{"recipient_id": body.sender, **rest_payload(reply)} for reply in replies]


def _error_headers(error: FrontdeskError) -> dict[str, str]:
    if error.code == "not_post":
        return {"Allow": "POST"}
    if error.code == "unauthorized":
        return {"WWW-Authenticate": "Bearer"}
    if "retry_after" in error.extra:
        return {"Retry-After": str(math.ceil(error.extra["retry_after"]))}
    return {}
