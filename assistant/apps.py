from django.apps import AppConfig


class AssistantConfig(AppConfig):
    name = "assistant"
    verbose_name = "Frontdesk"

    def ready(self) -> None:
        from assistant import celery, checks  # noqa: F401
