from django.urls import path

from training.api import checks, examples, intents, wording

urlpatterns = [
    path("checks/", checks.Checks.as_view()),
    path("restore/", examples.Restoring.as_view()),
    path("examples/", examples.Examples.as_view()),
    path("examples/move/", examples.MovingExamples.as_view()),
    path("examples/hold-out/", examples.HoldingOut.as_view()),
    path("examples/delete/", examples.DeletingExamples.as_view()),
    path("examples/<int:id>/", examples.OneExample.as_view()),
    path("intents/", intents.Intents.as_view()),
    # Rasa's retrieval intents have a slash in their name.
    path("intents/<path:name>/merge/", intents.Merging.as_view()),
    path("intents/<path:name>/", intents.OneIntent.as_view()),
    path("responses/", wording.Responses.as_view()),
    path("responses/<path:name>/", wording.OneResponse.as_view()),
    path("synonyms/", wording.Synonyms.as_view()),
    path("synonyms/<int:id>/", wording.OneSynonym.as_view()),
]
