from django.urls import path

from conversations.api import views

urlpatterns = [
    path("", views.Conversations.as_view()),
    path("export/", views.Export.as_view()),
    path("delete/", views.Deletion.as_view()),
    path("<uuid:id>/", views.OneConversation.as_view()),
    path("<uuid:id>/export/", views.OneExport.as_view()),
    path("<uuid:id>/messages/", views.Messages.as_view()),
    path("<uuid:id>/events/", views.Events.as_view()),
    path("<uuid:id>/review/", views.Review.as_view()),
]
