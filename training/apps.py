from django.apps import AppConfig
from django.conf import settings


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        from assistant.lib.bodies import LARGE, LargeBody
        from training import erasing, tasks  # noqa: F401  (says what is stored of people; connects the queue)
        from training.services import cleaning  # noqa: F401  (says what is not needed any more)

        upload = r"/(admin/training/modelversion|api/v1/models)/upload/?"
        LARGE.append(LargeBody(upload, "training.upload_version", lambda: settings.MODEL_UPLOAD_MB * 1024**2))
