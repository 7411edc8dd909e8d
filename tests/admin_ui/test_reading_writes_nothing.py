"""Reading a page about conversations writes nothing, whatever the page is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern

from conversations.models import Conversation, Replay, Retention
from tests.admin_ui.conftest import Write, said
from training.models import ModelVersion
from training.selectors import production
from training.services import add_example

pytestmark = pytest.mark.django_db
READS = re.compile(
    r"\s*(SELECT|SAVEPOINT|RELEASE SAVEPOINT|WITH (RECURSIVE )?\w+\(?[\w, ]*\)? AS \(\s*SELECT|EXPLAIN)", re.I
)


def pages(model: type[Any], **parts: Any) -> list[str]:
    """The address of everything that a ModelAdmin answers, its parts filled in."""
    label = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    routes = [str(it.pattern) for it in admin.site._registry[model].get_urls() if isinstance(it, URLPattern)]
    return [label + re.sub(r"<(\w+:)?(\w+)>", lambda part: str(parts[part[2]]), route) for route in routes]


def test_it_writes_nothing(desk: Client, wrote: Write, settings: Any) -> None:
    settings.EMBED_IN_BACKGROUND = False  # nothing else works out embeddings ahead of a page
    talk = wrote("hello", "when do you open")
    said(talk, 5, "Open on Sunday?", turn=3, intent="ask_hours", confidence=0.41)
    wrote("hello there")
    add_example(bot=production().bot, intent="ask_hours", text="Are you open on Sundays?")
    live = ModelVersion.objects.get()
    other = ModelVersion.objects.create(bot=live.bot, name="other", status="ready")
    replay = Replay.objects.create(left=live, right=other, turn_count=2)
    Retention.objects.create(channel="widget", days=30)
    addresses = [
        *pages(Conversation, pk=talk.pk, seq=5, object_id=talk.pk, path=""),
        *pages(Replay, pk=replay.pk, object_id=replay.pk, path=""),
        *pages(Retention, channel="widget"),
        "/admin/",
        "/admin/conversations/conversation/?q=hello",
        f"/admin/conversations/conversation/{talk.pk}/next/?_changelist_filters=q%3Dhello",
        "/admin/conversations/retention/channel/widget/?days=3",
    ]
    assert len(addresses) > 25
    for address in addresses:
        with CaptureQueriesContext(connection) as queries:
            status = desk.get(address).status_code
        assert status in {200, 302, 403, 405}, address
        assert [it["sql"] for it in queries if not READS.match(it["sql"])] == [], address
