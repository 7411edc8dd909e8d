from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import pre_migrate


class AssistantConfig(AppConfig):
    name = "assistant"
    verbose_name = "Frontdesk"

    def ready(self) -> None:
        from assistant import celery, checks, cleanup, erasure  # noqa: F401
        from assistant.database_schema import before_migrating, on_first_connection
        from assistant.lib.api import schema as api_schema  # noqa: F401  (what drf-spectacular should know)

        connection_created.connect(on_first_connection, dispatch_uid="first-connection")
        pre_migrate.connect(before_migrating, sender=self, dispatch_uid="before-migrating")
