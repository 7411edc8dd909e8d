from django.urls import path

from conversations.channels.widget import views as widget

urlpatterns = [
    path("", widget.home, name="home"),
    path("widget/loader.js", widget.loader, name="widget-loader"),
    path("widget/frame/", widget.frame, name="widget-frame"),
]
