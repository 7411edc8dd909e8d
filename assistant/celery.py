"""The Celery application."""

import os

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_ready

from assistant.lib import transports

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assistant.settings")

transports.use_our_transports()
app = Celery("frontdesk", amqp=transports.AMQP)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """Django's LOGGING is the one configuration of logs."""


@worker_init.connect
def prepare_worker(sender: object = None, **_: object) -> None:
    """A worker of the chat queue has the live model in memory before it takes the first turn. Others give way to it."""
    from assistant.lib.processes import lower_priority
    from training.services import warm_up_live_models

    exit_if_database_is_newer()
    if "chat" in queues_of(sender):
        warm_up_live_models()
    else:
        lower_priority()


@worker_ready.connect
def send_heartbeats_of_worker(sender: object = None, **_: object) -> None:
    """By kind: the queues that the worker works on."""
    from assistant.heartbeats import keep_beating

    keep_beating(queues_of(sender))


@beat_init.connect
def prepare_beat(**_: object) -> None:
    """Beat says that it is alive, too."""
    from assistant.heartbeats import keep_beating

    exit_if_database_is_newer()
    keep_beating(["beat"])


def queues_of(worker: object) -> list[str]:
    """What a worker, or its consumer, works on: `chat`, `training`."""
    queues = getattr(worker, "app", app).amqp.queues.consume_from.values()
    return [queue.alias for queue in queues]


def exit_if_database_is_newer() -> None:
    """Ends the process with one sentence: its code does not know what a newer one has made of the database."""
    from django.core.management.base import CommandError
    from django.db import Error

    from assistant.database_schema import refuse_newer

    try:
        refuse_newer()
    except CommandError as error:
        raise SystemExit(str(error)) from None
    except Error:  # it is away: the first statement that gets through is refused
        return
