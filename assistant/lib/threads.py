"""Blocking work away from an event loop, and coroutines from threads that have none."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from functools import lru_cache, partial
from typing import Any, TypeVar

from django.db import connection

from assistant.lib.crowds import client
from assistant.lib.fair_pool import FairPool

T = TypeVar("T")
_pool = FairPool(8)


async def in_pool(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run `function` on a few lasting threads that keep their database connections.

    Clients take turns (`assistant.lib.crowds.client`), and each has some of the threads at most.
    Django's own `sync_to_async` takes a new thread, and so a new connection, for every request.
    """
    call = partial(_with_good_connection, function, *args, **kwargs)
    return await asyncio.wrap_future(_pool.submit(client.get(), call))


def post(coroutine: Coroutine[Any, Any, object]) -> None:
    """Hand a coroutine to the server's event loop, or to one of our own where no server runs; do not wait for it."""
    asyncio.run_coroutine_threadsafe(coroutine, _server_loop() or _own_loop())


def _with_good_connection(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    connection.close_if_unusable_or_obsolete()
    return function(*args, **kwargs)


def _server_loop() -> asyncio.AbstractEventLoop | None:
    loop = getattr(sys.modules.get("daphne.server"), "twisted_loop", None)
    return loop if loop is not None and loop.is_running() else None


@lru_cache(maxsize=1)
def _own_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="hints", daemon=True).start()
    return loop
