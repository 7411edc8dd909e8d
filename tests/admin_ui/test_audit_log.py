"""The audit log: who did what, readable, and for admins only."""

from __future__ import annotations

from typing import Any

import pytest
from auditlog.models import LogEntry
from axes.models import AccessLog
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client

from assistant.lib import audit, audit_phrases
from conversations.models import Annotation, Conversation
from tests.admin_ui.conftest import Write
from tests.training.conftest import make_trainable_bot
from training.services import request_evaluation, train_version

pytestmark = pytest.mark.django_db
LOG = "/admin/auditlog/logentry/"


@pytest.fixture
def corrected(wrote: Write, ana: User) -> Conversation:
    """A conversation in which Ana corrected an intent."""
    conversation = wrote("how late are you open")
    message = conversation.messages.get(seq=1)
    row = Annotation.objects.create(message=message, conversation=conversation, verdict="corrected", intent="ask_hours")
    audit.record(row, {"verdict": ("", "corrected"), "intent": ("greet now", "ask now")}, by=ana)
    return conversation


def lines(page: Any) -> str:
    return " ".join(page.content.decode().split())


def test_it_says_who_did_what_and_where(desk: Client, corrected: Conversation) -> None:
    shown = lines(desk.get(LOG))
    assert "<strong>ana</strong> corrected an intent" in shown
    assert f'href="/admin/conversations/conversation/{corrected.pk}/change/"' in shown


def test_it_has_words_for_models_that_there_are() -> None:
    models = {model._meta.model_name: model for model in apps.get_models()}
    assert set(audit_phrases._phrases) <= set(models)
    links = {name: phrases.seen_on for name, phrases in audit_phrases._phrases.items() if phrases.seen_on}
    assert all(models[name]._meta.get_field(link).is_relation for name, link in links.items())


def test_it_marks_what_changed(desk: Client, corrected: Conversation) -> None:
    shown = lines(desk.get(LOG))
    assert "<del>greet</del> now" in shown
    assert "<ins>ask</ins> now" in shown


def test_it_finds_by_person_kind_and_words(desk: Client, corrected: Conversation, ana: User) -> None:
    other = User.objects.create_user("bob", is_staff=True)
    audit.record(other, {"role": ("viewer", "admin")}, by=other)
    for query, hits in (("", 2), (f"?person={ana.pk}", 1), ("?q=ask now", 1), ("?q=bob", 1), ("?person=nobody", 2)):
        assert desk.get(LOG + query).context["cl"].result_count == hits, query
    kind = desk.get(LOG).context["cl"].filter_specs[1].lookup_choices
    assert [name for _, name in kind] == ["Annotation", "User"]


def test_it_shows_texts_as_texts(desk: Client, ana: User) -> None:
    audit.record(ana, {"first_name": ("", "<script>alert(1)</script>")}, by=ana)
    assert "<script>alert" not in desk.get(LOG).content.decode()


def test_it_takes_few_queries(desk: Client, ana: User, wrote: Write, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        audit.record(wrote(f"hi {number}"), {"tags": ([], ["vip"])}, by=ana)
    with django_assert_max_num_queries(20):
        desk.get(LOG)


def test_it_is_read_only_and_for_admins(desk: Client, viewer_desk: Client, corrected: Conversation) -> None:
    assert viewer_desk.get(LOG).status_code == 403
    assert desk.get(f"{LOG}add/").status_code == 403
    assert desk.get(f"{LOG}1/delete/").status_code in {302, 403}


def test_it_goes_on_where_the_thing_is_gone(desk: Client, corrected: Conversation) -> None:
    Annotation.objects.all().delete()
    assert "corrected an intent" in lines(desk.get(LOG))


def test_it_shows_who_logged_in_and_keeps_it(desk: Client) -> None:
    row = AccessLog.objects.create(username="ben", ip_address="127.0.0.1", path_info="/admin/login/")
    shown = lines(desk.get("/admin/axes/accesslog/"))
    assert all(words in shown for words in ("<h1>Log-ins</h1>", "ben"))
    assert "Axes" not in shown

    desk.post("/admin/axes/accesslog/", {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
    assert desk.post(f"/admin/axes/accesslog/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert AccessLog.objects.filter(pk=row.pk).exists()


def test_it_says_in_one_line_and_in_words_what_was_asked_for(desk: Client, ana: User) -> None:
    bot = make_trainable_bot().bot
    version = train_version(bot=bot, by=ana)
    request_evaluation(version=version, kind="cross_validation", by=ana)
    shown = lines(desk.get(LOG))
    assert [entry.object_repr for entry in LogEntry.objects.all()] == [version.name] * 2
    assert "<strong>ana</strong> asked for a training" in shown
    assert "<strong>ana</strong> asked for a cross-validation" in shown
    assert "6 examples of 2 intents" in shown
