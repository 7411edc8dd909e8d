from django.urls import path

from training.api import jobs, models

urlpatterns = [
    path("", models.Versions.as_view()),
    path("environments/", models.Environments.as_view()),
    path("train/", models.Training.as_view()),
    path("upload/", models.Uploads.as_view()),
    path("rollback/", models.Rollback.as_view()),
    path("compare/", models.Compare.as_view()),
    path("jobs/", jobs.Jobs.as_view()),
    path("jobs/<int:id>/", jobs.OneJob.as_view()),
    path("jobs/<int:id>/cancel/", jobs.Cancelling.as_view()),
    path("<str:name>/", models.OneVersion.as_view()),
    path("<str:name>/download/", models.Download.as_view()),
    path("<str:name>/activate/", models.Activation.as_view()),
    path("<str:name>/evaluate/", models.Evaluating.as_view()),
    path("<str:name>/evaluations/", models.Evaluations.as_view()),
    path("<str:name>/evaluations/<int:id>/", models.OneEvaluation.as_view()),
]
