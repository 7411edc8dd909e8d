from django.urls import path

from conversations.api import views

urlpatterns = [
    path("conversations/", views.ConversationListView.as_view()),
    path("conversations/export/", views.ConversationListExportView.as_view()),
    path("conversations/delete/", views.ConversationBulkDeleteView.as_view()),
    path("conversations/<uuid:id>/", views.ConversationDetailView.as_view()),
    path("conversations/<uuid:id>/export/", views.ConversationExportView.as_view()),
    path("conversations/<uuid:id>/messages/", views.MessageListView.as_view()),
    path("conversations/<uuid:id>/events/", views.EventListView.as_view()),
    path("conversations/<uuid:id>/review/", views.ReviewView.as_view()),
]
