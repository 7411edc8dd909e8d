from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        from conversations import tasks  # noqa: F401  (connects the queue)
        from conversations.channels import hints  # noqa: F401  (connects the channels)
