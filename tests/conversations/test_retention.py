"""How long conversations are kept: shown first, then saved, then done by the clock."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from assistant.lib.cleanup import run_cleanup
from conversations.models import Conversation, Event, Message, Retention
from conversations.selectors import search_page
from conversations.selectors.retention import due_for_deletion
from conversations.services import (
    annotate_message,
    apply_retention,
    delete_conversations,
    receive,
    retention,
    set_retention,
)
from tests.admin_ui.conftest import Write, desk, viewer_desk, wrote  # noqa: F401  (fixtures)
from training.models import Example

pytestmark = pytest.mark.django_db
PAGE = "/admin/conversations/retention/"
WIDGET = f"{PAGE}channel/widget/"


def days_ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def flat(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def talks(wrote: Write) -> dict[str, Conversation]:  # noqa: F811
    return {
        "old": wrote("the parcel is lost", active=days_ago(100)),
        "reviewed": wrote("hello", active=days_ago(101), reviewed_turn=1),
        "flagged": wrote("hello", active=days_ago(102), flag_count=1),
        "waits": wrote("hello", active=days_ago(103), answered_turn=0),
        "new": wrote("hello", active=days_ago(10)),
        "elsewhere": wrote("hello", active=days_ago(100), channel="rest"),
    }


def left(talks: dict[str, Conversation]) -> set[str]:
    there = set(Conversation.objects.values_list("pk", flat=True))
    return {name for name, row in talks.items() if row.pk in there}


def test_it_deletes_nothing_unless_staff_said_so(talks: dict[str, Conversation]) -> None:
    run_cleanup()
    assert left(talks) == set(talks)


def test_it_shows_what_would_go_before_anything_is_saved(
    desk: Client,  # noqa: F811
    talks: dict[str, Conversation],
    ana: User,
) -> None:
    first = talks["old"].messages.get(seq=1)
    annotate_message(message=first, verdict="corrected", intent="ask_parcel", entities=[], revision=0, by=ana)
    Conversation.objects.filter(pk=talks["old"].pk).update(reviewed_turn=0)
    assert "Kept without end" in flat(desk.get(PAGE))
    shown = flat(desk.get(WIDGET, {"days": 90}))
    assert "3 conversations would be deleted" in shown
    assert "<dt>Reviewed</dt><dd>1</dd>" in shown
    assert "<dt>Flagged</dt><dd>1</dd>" in shown
    assert '<dt>Examples learned from them</dt><dd>1 <span class="quiet">they stay</span>' in shown
    marked = flat(desk.get(WIDGET, {"days": 90, "keep_marked": "on"}))
    assert "1 conversation would be deleted" in marked
    assert '<dt>Old enough, but marked by staff</dt><dd>2 <span class="quiet">they stay</span>' in marked
    assert "Nothing is that old yet" in flat(desk.get(WIDGET, {"days": 900}))
    assert (Retention.objects.count(), left(talks)) == (0, set(talks))


def test_it_deletes_what_has_become_too_old_with_all_that_hangs_on_it(
    desk: Client,  # noqa: F811
    talks: dict[str, Conversation],
    ana: User,
) -> None:
    old = talks["old"]
    Event.objects.create(conversation=old, position=0, turn=1, data={"event": "action"})
    answer = desk.post(WIDGET, {"days": 90, "keep_marked": "on"}, follow=True)
    assert "kept for 90 days from now on" in flat(answer)
    assert LogEntry.objects.get(content_type__model="retention").actor == ana
    assert left(talks) == set(talks)
    assert run_cleanup()["conversations"] == 1
    assert left(talks) == set(talks) - {"old"}
    assert not Message.objects.filter(conversation=old.pk).exists()
    assert not Event.objects.filter(conversation=old.pk).exists()
    assert search_page("parcel", Conversation.objects.all(), size=10).hits == []
    assert "1 deleted so far" in flat(desk.get(PAGE))
    assert run_cleanup()["conversations"] == 0


def test_it_deletes_marked_ones_too_where_asked_and_keeps_their_examples(
    desk: Client,  # noqa: F811
    talks: dict[str, Conversation],
    ana: User,
) -> None:
    first = talks["reviewed"].messages.get(seq=1)
    annotate_message(message=first, verdict="corrected", intent="greet", entities=[], revision=0, by=ana)
    desk.post(WIDGET, {"days": 90})
    run_cleanup()
    assert left(talks) == {"waits", "new", "elsewhere"}
    assert Example.objects.get(text="hello").source == ""
    desk.post(WIDGET, {"days": ""})
    assert not Retention.objects.exists()
    assert "Kept without end" in flat(desk.get(PAGE))


@pytest.mark.parametrize("days", ["0", "-3", "x", "1e9", "99999999999999999999", "1.5"])
def test_it_refuses_what_is_no_number_of_days(desk: Client, talks: dict[str, Conversation], days: str) -> None:  # noqa: F811
    answer = desk.post(WIDGET, {"days": days})
    assert (answer.status_code, Retention.objects.count()) == (200, 0)
    assert "errorlist" in flat(answer)
    assert desk.get(f"{PAGE}channel/nowhere/").status_code == 404


def test_it_is_for_those_who_may_delete(viewer_desk: Client, talks: dict[str, Conversation]) -> None:  # noqa: F811
    assert {viewer_desk.get(PAGE).status_code, viewer_desk.post(WIDGET, {"days": 1}).status_code} == {403}
    assert not Retention.objects.exists()


def test_it_keeps_one_that_spoke_again_before_it_was_its_turn(talks: dict[str, Conversation]) -> None:
    rule = set_retention(channel="widget", days=90, keep_marked=True, by=None)
    assert rule is not None
    due = due_for_deletion(rule)
    ids = list(due.values_list("pk", flat=True))
    receive(channel="widget", external_id=talks["old"].external_id, text="I am back")
    assert delete_conversations(ids=ids, by=None, among=due).conversations == 0
    assert left(talks) == set(talks)


def test_it_passes_over_none_that_fell_silent_at_the_same_moment(
    wrote: Write,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = days_ago(100)
    for _number in range(5):
        wrote("hello", active=moment)
    set_retention(channel="widget", days=90, keep_marked=True, by=None)
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    assert apply_retention(time.monotonic() + 60) == 5
    assert not Conversation.objects.exists()
    assert Retention.objects.get().deleted_count == 5


def test_it_goes_on_where_it_was_stopped(wrote: Write) -> None:  # noqa: F811
    for _ in range(30):
        wrote("hello", active=days_ago(100))
    set_retention(channel="widget", days=90, keep_marked=True, by=None)
    assert apply_retention(until=0.0) == 0
    run_cleanup(seconds=0.01)
    run_cleanup()
    assert not Conversation.objects.exists()
    assert Retention.objects.get().deleted_count == 30
