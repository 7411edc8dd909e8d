"""Threads that begin together, each with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection


def all_at_once(act: Callable[[int], Any], count: int = 8) -> list[Any]:
    """What it returned in each of the threads, or the error that it raised there."""
    start, returned = threading.Barrier(count), []

    def race(number: int) -> None:
        start.wait()
        try:
            returned.append(act(number))
        except Exception as error:
            returned.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=race, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return returned
