"""How much the server takes of one client and of all, before Django looks at anything."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from django.conf import settings

from assistant.lib.client_limits import MAX_ANONYMOUS_SOCKETS, Quota, anonymous_sockets
from assistant.lib.throttles import Rate, local_throttle_wait, take_locally
from assistant.lib.transfers import LARGE_UPLOADS, LargeUpload

HEADERS_WITHIN = 10.0  # seconds for a request's headers, however slowly they come
NEXT_WITHIN = 30.0  # the same after an answer, the wait of an idle connection included
BODY_STEP, BODY_STEP_BYTES = 10.0, 10_000  # a body that is slower is given up, a short one has the one step
ANSWER_TAKEN_WITHIN = 60.0  # seconds for a client to read on
LEAVE_WITHIN, LEAVE_BYTES = 2.0, 4_000_000  # what a refused client may still send, so that it gets to read why
IN_MEMORY = 100_000  # bytes of a body; above, a file in FILE_UPLOAD_TEMP_DIR
CONNECTS = Rate(600, 10)  # connections opened by one peer; browsers keep theirs
FLOODS, BARRED_FOR, MAX_BARRED = Rate(5, 60), 20.0, 10_000  # sockets of one client closed for flooding
FORM_BYTES = 100_000  # around a file
MB = 1024**2


@dataclass(frozen=True)
class Refusal:
    """An answer to a request that is not read to its end."""

    status: int
    code: str
    message: str
    retry_after: int = 0


TOO_LARGE = Refusal(413, "too_large", "This is more than is taken here.")
TOO_SLOW = Refusal(408, "too_slow", "The request came too slowly.")
TOO_MANY_BODIES = Refusal(503, "busy", "Too much is being sent at once, please try again.", 5)
TOO_MANY_SOCKETS = Refusal(429, "rate_limited", "Too many connections from this address.", 10)
BAD_REQUEST = Refusal(400, "bad_request", "This is not a request that can be understood.")
HEADERS_TOO_LONG = Refusal(431, "too_large", "The headers of the request are too long.")


class BodyBudget:
    """Bytes of bodies that are received and not yet used up: of one client, and of all."""

    def __init__(self, of_one: int, of_all: int) -> None:
        self._of_one, self._of_all = Quota(lambda: of_one), Quota(lambda: of_all)

    def take(self, client: str, count: int) -> bool:
        """Whether there was room for so many bytes; they count then."""
        if not self._of_all.take("", count):
            return False
        if self._of_one.take(client, count):
            return True
        self._of_all.give_back("", count)
        return False

    def give_back(self, client: str, count: int) -> None:
        self._of_one.give_back(client, count)
        self._of_all.give_back("", count)


_upload = settings.MODEL_UPLOAD_MB * MB + FORM_BYTES
small_bodies = BodyBudget(32 * MB, 256 * MB)
large_bodies = BodyBudget(2 * _upload, 4 * _upload)
idle_connections = Quota(lambda: settings.CONNECTIONS_PER_ADDRESS)  # of a peer: those without a request under way
websockets = Quota(lambda: settings.CONNECTIONS_PER_ADDRESS)
_barred_until: dict[str, float] = {}


def is_behind_a_proxy() -> bool:
    """Then all connections are the proxy's, and to count them is its business."""
    return bool(settings.TRUSTED_PROXIES)


def body_limit() -> int:
    """Of anyone's request, in bytes. Views may take less."""
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def large_upload(method: bytes, path: bytes) -> LargeUpload | None:
    """What may be sent to that path by those who have its permission."""
    if method != b"POST":
        return None
    text = path.decode("latin-1")
    return next((upload for upload in LARGE_UPLOADS if re.fullmatch(upload.path, text)), None)


def may_connect(peer: str) -> bool:
    """Before a byte is read, which is what makes a storm of connections cheap."""
    if settings.CONNECTIONS_PER_ADDRESS is None:
        return True
    return not (_is_barred(peer) or take_locally(f"connects:{peer}", CONNECTS) or not idle_connections.take(peer))


def websocket_refusal(client: str) -> Refusal | None:
    """Why the client gets no further websocket. Where it does, that one counts from now on."""
    if settings.CONNECTIONS_PER_ADDRESS is not None and (
        _is_barred(client)
        or anonymous_sockets.taken[client] >= MAX_ANONYMOUS_SOCKETS
        or local_throttle_wait(f"sockets:{client}", settings.RATE_LIMIT_SOCKETS)
    ):
        return TOO_MANY_SOCKETS
    return None if websockets.take(client) else TOO_MANY_SOCKETS


class WebsocketPlace:
    """One that `websocket_refusal` has counted. It is given back once, however often that is asked for."""

    def __init__(self, client: str) -> None:
        self._client: str | None = client

    def give_back(self) -> None:
        if self._client is not None:
            websockets.give_back(self._client)
            self._client = None


def record_flood(client: str) -> None:
    """A client whose websockets are closed for flooding one after the other gets none for a while."""
    if take_locally(f"floods:{client}", FLOODS):
        if len(_barred_until) > MAX_BARRED:
            _barred_until.clear()
        _barred_until[client] = time.monotonic() + BARRED_FOR


def _is_barred(client: str) -> bool:
    return _barred_until.get(client, 0.0) > time.monotonic()
