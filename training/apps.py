from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        from training import erasing, tasks  # noqa: F401  (says what is stored of people; connects the queue)
        from training.services import cleaning  # noqa: F401  (says what is not needed any more)
