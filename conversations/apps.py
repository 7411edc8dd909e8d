from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class ConversationsConfig(AppConfig):
    """Conversations, their review, and the channels on which they are held."""

    name = "conversations"
    api_urls = "conversations.api.urls"

    def ready(self) -> None:
        # What is imported here registers itself.
        from conversations import audit_phrases, erasure, jobs, tasks  # noqa: F401
        from conversations.channels import hints  # noqa: F401
        from conversations.consumers import review_hints  # noqa: F401
        from conversations.services import corrections, replays, retention  # noqa: F401

        post_migrate.connect(_restore_search_triggers, sender=self, dispatch_uid="mend-search")


def _restore_search_triggers(using: str, **_: Any) -> None:
    from conversations import search_index

    search_index.restore_triggers(connections[using])
