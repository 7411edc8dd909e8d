from django.apps import AppConfig
from django.conf import settings


class TrainingConfig(AppConfig):
    name = "training"
    api_urls = "training.api.urls"

    def ready(self) -> None:
        from assistant.lib.transfers import LARGE_UPLOADS, LargeUpload
        from training import (
            audit_phrases,  # noqa: F401  (says what changes are called)
            tasks,  # noqa: F401  (connects the queue)
        )
        from training.services import cleanup, erasure  # noqa: F401  (register what is cleaned up, and erased)

        upload = r"/(admin/training/modelversion|api/v1/models)/upload/?"
        LARGE_UPLOADS.append(LargeUpload(upload, "training.upload_version", lambda: settings.MODEL_UPLOAD_MB * 1024**2))
