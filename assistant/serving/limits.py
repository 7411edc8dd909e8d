"""How much of what the raw door takes."""

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
FLOODS, BARRED_FOR, MOST_BARRED = Rate(5, 60), 20.0, 10_000  # sockets of one client closed for flooding
FORM = 100_000  # around a file
MB = 1024**2


@dataclass(frozen=True)
class Refusal:
    status: int
    code: str
    message: str
    retry_after: int = 0


TOO_LARGE = Refusal(413, "too_large", "This is more than is taken here.")
TOO_SLOW = Refusal(408, "too_slow", "The request came too slowly.")
TOO_MANY_BODIES = Refusal(503, "busy", "Too much is being sent at once, please try again.", 5)
TOO_MANY_SOCKETS = Refusal(429, "rate_limited", "Too many connections from this address.", 10)
BAD_REQUEST = Refusal(400, "bad_request", "This is not a request that can be understood.")


def body_limit(path: bytes) -> int:
    """Of anyone's request, in bytes. The doors themselves may take less."""
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def large_body(method: bytes, path: bytes) -> LargeUpload | None:
    """What may be sent to that path by those who have its permission."""
    if method != b"POST":
        return None
    text = path.decode("latin-1")
    return next((it for it in LARGE_UPLOADS if re.fullmatch(it.path, text)), None)


def connections_of_one() -> int | None:
    return settings.CONNECTIONS_PER_ADDRESS


class Bodies:
    """Bytes that lie about, received and not yet used up: of one client, and of all."""

    def __init__(self, of_one: int, of_all: int) -> None:
        self._of_one, self._of_all = Quota(lambda: of_one), Quota(lambda: of_all)

    def take(self, client: str, count: int) -> bool:
        if not self._of_all.take("", count):
            return False
        if self._of_one.take(client, count):
            return True
        self._of_all.give_back("", count)
        return False

    def give_back(self, client: str, count: int) -> None:
        self._of_one.give_back(client, count)
        self._of_all.give_back("", count)


def may_connect(peer: str) -> bool:
    """Before a byte is read, which is what makes a storm of connections cheap."""
    if settings.CONNECTIONS_PER_ADDRESS is None:
        return True
    return not (_barred(peer) or take_locally(f"connects:{peer}", CONNECTS) or not waiting.take(peer))


def refused_socket(client: str) -> Refusal | None:
    """Takes a seat where there is one."""
    if settings.CONNECTIONS_PER_ADDRESS is not None and (
        _barred(client)
        or anonymous_sockets.taken[client] >= MAX_ANONYMOUS_SOCKETS
        or local_throttle_wait(f"sockets:{client}", settings.RATE_LIMIT_SOCKETS)
    ):
        return TOO_MANY_SOCKETS
    return None if sockets.take(client) else TOO_MANY_SOCKETS


def shown_out(client: str) -> None:
    """Who floods one socket after the other gets none for a while."""
    if take_locally(f"floods:{client}", FLOODS):
        if len(_bars) > MOST_BARRED:
            _bars.clear()
        _bars[client] = time.monotonic() + BARRED_FOR


def _barred(client: str) -> bool:
    return _bars.get(client, 0.0) > time.monotonic()


_bars: dict[str, float] = {}
waiting = Quota(connections_of_one)  # connections of a peer that no request of is under way
sockets = Quota(connections_of_one)  # open websockets
small_bodies = Bodies(32 * MB, 256 * MB)
_upload = settings.MODEL_UPLOAD_MB * MB + FORM
large_bodies = Bodies(2 * _upload, 4 * _upload)
