"""Chosen conversations leave the list: as a file, or for good."""

from __future__ import annotations

import json
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.test import Client

from conversations.models import Conversation
from tests.admin_ui.conftest import Write
from training.models import Example

pytestmark = pytest.mark.django_db
LIST = "/admin/conversations/conversation/"


def acted(desk: Client, action: str, *rows: Conversation, **more: str) -> Any:
    return desk.post(LIST, {"action": action, "index": "0", "_selected_action": [row.pk for row in rows], **more})


def test_it_exports_what_was_chosen(desk: Client, wrote: Write) -> None:
    chosen, _other = wrote("hi", sender="sam"), wrote("bye", sender="rita")
    answer = acted(desk, "export_json", chosen)
    assert answer["Content-Disposition"] == 'attachment; filename="conversations.json"'
    assert [row["sender"] for row in json.loads(b"".join(answer.streaming_content))] == ["sam"]
    assert acted(desk, "export_csv", chosen)["Content-Type"].startswith("text/csv")
    assert b"stories:" in b"".join(acted(desk, "export_stories", chosen).streaming_content)


def test_it_asks_before_it_deletes(desk: Client, wrote: Write) -> None:
    rows = [wrote("hi"), wrote("bye")]
    assert "Are you sure" in acted(desk, "delete_selected", *rows).content.decode()
    assert Conversation.objects.count() == 2
    assert acted(desk, "delete_selected", *rows, post="yes").status_code == 302
    assert not Conversation.objects.exists()
    assert LogEntry.objects.filter(action=LogEntry.Action.DELETE).count() == 2


def test_it_offers_neither_to_those_who_may_not(viewer_desk: Client, wrote: Write) -> None:
    row = wrote("hi")
    shown = viewer_desk.get(LIST).content.decode()
    assert "Export" not in shown
    assert "Delete" not in shown
    acted(viewer_desk, "delete_selected", row, post="yes")
    answer = acted(viewer_desk, "export_json", row)
    assert not answer.streaming
    assert Conversation.objects.exists()
    assert viewer_desk.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_it_says_which_examples_stay_and_deletes_them_where_asked(desk: Client, wrote: Write) -> None:
    kept, gone = wrote("how late are you open"), wrote("how early are you open")
    for row in (kept, gone):
        annotate = {"verdict": "corrected", "intent": "ask_hours", "revision": "0"}
        assert desk.post(f"{LIST}{row.pk}/messages/1/judge/", annotate).status_code < 400
    assert Example.objects.filter(origin="review").count() == 2
    for page in (desk.get(f"{LIST}{kept.pk}/delete/"), acted(desk, "delete_selected", kept)):
        assert "1 example was made of what was said" in page.content.decode()
    said = desk.post(f"{LIST}{kept.pk}/delete/", {"post": "yes"}, follow=True).content.decode()
    assert "Examples made of them stay: 1" in said
    acted(desk, "delete_selected", gone, post="yes", examples="delete")
    assert [row.text for row in Example.objects.filter(origin="review")] == ["how late are you open"]
    assert "how early" not in str(list(LogEntry.objects.values("changes", "object_repr")))
