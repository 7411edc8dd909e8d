"""The Celery application."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assistant.settings")

app = Celery("frontdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """Django's LOGGING is the one configuration of logs."""


@worker_init.connect
def warm_up(sender: object = None, **_: object) -> None:
    """A worker of the chat queue has the live model in memory before it takes the first turn. Others give way to it."""
    from assistant.lib.priority import give_way
    from training.services import warm_up_live_models

    worker_app = getattr(sender, "app", app)
    if any(queue.alias == "chat" for queue in worker_app.amqp.queues.consume_from.values()):
        warm_up_live_models()
    else:
        give_way()
