from django.urls import include, path

from training.api.views import evaluations, examples, intents, jobs, responses, versions

models = [
    path("", versions.VersionListView.as_view()),
    path("environments/", versions.EnvironmentListView.as_view()),
    path("train/", versions.TrainView.as_view()),
    path("upload/", versions.UploadView.as_view()),
    path("rollback/", versions.RollbackView.as_view()),
    path("compare/", evaluations.VersionComparisonView.as_view()),
    path("jobs/", jobs.JobListView.as_view()),
    path("jobs/<int:id>/", jobs.JobDetailView.as_view()),
    path("jobs/<int:id>/cancel/", jobs.JobCancelView.as_view()),
    # After the fixed words, which it would take for names of versions.
    path("<str:name>/", versions.VersionDetailView.as_view()),
    path("<str:name>/download/", versions.DownloadView.as_view()),
    path("<str:name>/activate/", versions.ActivateView.as_view()),
    path("<str:name>/evaluate/", evaluations.EvaluateView.as_view()),
    path("<str:name>/evaluations/", evaluations.EvaluationListView.as_view()),
    path("<str:name>/evaluations/<int:id>/", evaluations.EvaluationDetailView.as_view()),
]
training_data = [
    path("checks/", examples.FindingListView.as_view()),
    path("restore/", examples.RestoreView.as_view()),
    path("examples/", examples.ExampleListView.as_view()),
    path("examples/move/", examples.ExampleMoveView.as_view()),
    path("examples/hold-out/", examples.ExampleHoldOutView.as_view()),
    path("examples/delete/", examples.ExampleBulkDeleteView.as_view()),
    path("examples/<int:id>/", examples.ExampleDetailView.as_view()),
    path("intents/", intents.IntentListView.as_view()),
    # Rasa's retrieval intents have a slash in their name.
    path("intents/<path:name>/merge/", intents.IntentMergeView.as_view()),
    path("intents/<path:name>/", intents.IntentDetailView.as_view()),
    path("responses/", responses.ResponseListView.as_view()),
    path("responses/<path:name>/", responses.ResponseDetailView.as_view()),
    path("synonyms/", responses.SynonymListView.as_view()),
    path("synonyms/<int:id>/", responses.SynonymDetailView.as_view()),
]
urlpatterns = [path("models/", include(models)), path("training-data/", include(training_data))]
