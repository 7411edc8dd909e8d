from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class ConversationsConfig(AppConfig):
    name = "conversations"
    api_urls = "conversations.api.urls"

    def ready(self) -> None:
        from conversations import (
            erasing,  # noqa: F401  (says what is stored of a visitor)
            jobs,  # noqa: F401  (connects the queue)
            tasks,  # noqa: F401  (connects the queue)
        )
        from conversations.channels import hints  # noqa: F401  (connects the channels)
        from conversations.consumers import review_hints  # noqa: F401  (connects the review desk)
        from conversations.services import (
            cleaning,  # noqa: F401  (says what is not needed any more)
            renaming,  # noqa: F401  (follows the names of intents)
            retaining,  # noqa: F401  (deletes what is older than staff want)
        )

        post_migrate.connect(_mend_the_search, sender=self, dispatch_uid="mend-search")


def _mend_the_search(using: str, **_: Any) -> None:
    from conversations import search_index

    search_index.mend(connections[using])
