from django.apps import AppConfig


class AssistantConfig(AppConfig):
    name = "assistant"
    verbose_name = "Frontdesk"

    def ready(self) -> None:
        from assistant import celery, checks, cleaning  # noqa: F401
        from assistant.lib.api import schema  # noqa: F401  (what drf-spectacular should know)
