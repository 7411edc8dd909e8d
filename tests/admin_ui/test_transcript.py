from datetime import datetime, timedelta, timezone

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from conversations.models import Conversation, Message
from tests.admin_ui.conftest import Write, said
from training.models import ModelVersion

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
pytestmark = pytest.mark.django_db


def url(conversation: Conversation, action: str = "change") -> str:
    return f"/admin/conversations/conversation/{conversation.pk}/{action}/"


def page_of(client: Client, conversation: Conversation, **query: str) -> str:
    response = client.get(url(conversation), query)
    assert response.status_code == 200
    return response.content.decode()


def texts(client: Client, conversation: Conversation, **query: str) -> list[str]:
    return [line.message.text for line in client.get(url(conversation), query).context["window"].lines]


def test_it_shows_what_was_understood(desk: Client, wrote: Write, live_model: ModelVersion) -> None:
    conversation = wrote()
    said(
        conversation,
        1,
        "Open on Saturday?",
        intent="ask_hours",
        confidence=0.874,
        ranking=[{"name": "ask_hours", "confidence": 0.874}, {"name": "ask_prices", "confidence": 0.062}],
        entities=[{"entity": "day", "value": "Saturday", "start": 8, "end": 16}, {"entity": "time", "value": 9}],
        timings={"parse": 3.14159},
        model_version=live_model,
    )
    page = page_of(desk, conversation)
    for shown in ("ask_hours", 'value="0.874"', "87%", "ask_prices", "6%", "Saturday", "3.1 ms", "main-test"):
        assert shown in page
    assert 'title="day">Saturday' in page
    assert '<span class="code">time</span> 9' in page


def test_it_shows_what_was_answered(desk: Client, wrote: Write) -> None:
    conversation = wrote()
    content = {
        "buttons": [{"title": "Opening hours", "payload": "/ask_hours"}],
        "image": "https://shop.example/map.png",
        "attachment": {"type": "file", "payload": {"src": "https://shop.example/prices.pdf"}},
        "citations": [{"title": "Price list", "url": "https://shop.example/prices"}],
        "custom": {"carousel": ["spring"]},
    }
    said(conversation, 1, "Look", "bot", action="utter_map", content=content, feedback="down", feedback_reason="old")
    page = page_of(desk, conversation)
    for shown in ("Opening hours", "/ask_hours", "map.png", "prices.pdf", "Price list", "spring", "utter_map"):
        assert shown in page
    assert "Thumbs down" in page


def test_it_marks_what_failed_and_what_waits(desk: Client, wrote: Write) -> None:
    conversation = wrote(last_turn=2)
    said(conversation, 1, "why?", turn=1, status="failed", error="TurnTimeout")
    said(conversation, 2, "hello?", turn=2, status="received")
    page = page_of(desk, conversation)
    assert all(shown in page for shown in ("status-failed", "TurnTimeout", "No answer yet"))


def test_it_shows_messages_as_text_only(desk: Client, wrote: Write) -> None:
    conversation = wrote("<script>alert(1)</script><img src=x onerror=alert(2)>", sender="<b>sam</b>")
    said(
        conversation,
        3,
        "here",
        "bot",
        action="<i>act</i>",
        content={
            "buttons": [{"title": "<u>press</u>", "payload": '"><script>'}],
            "image": "javascript:alert(3)",
            "citations": [{"title": "<s>t</s>", "url": "data:text/html,x"}],
        },
    )
    for page in (page_of(desk, conversation), desk.get("/admin/conversations/conversation/").content.decode()):
        assert not any(live in page for live in ("<script>", "<img src=x", "<b>sam", "<u>press", "<i>act", "<s>t"))
        assert 'href="javascript:' not in page
        assert 'href="data:' not in page
    assert "&lt;script&gt;alert(1)" in page_of(desk, conversation)


def test_it_parts_the_days_in_the_time_of_the_house(desk: Client, wrote: Write, settings: object) -> None:
    conversation = wrote()
    said(conversation, 1, "late", created=NOON + timedelta(hours=11, minutes=30))
    said(conversation, 2, "later", created=NOON + timedelta(hours=12, minutes=30))
    settings.TIME_ZONE = "Europe/Berlin"  # type: ignore[attr-defined]
    page = page_of(desk, conversation)
    assert page.count('class="day"') == 1
    assert "Monday, 2 March 2026" in page
    assert "00:30:00" in page


def test_it_reads_long_conversations_window_by_window(
    desk: Client, wrote: Write, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    conversation = wrote(last_seq=450, last_turn=450, answered_turn=450)
    Message.objects.bulk_create(
        Message(conversation=conversation, seq=n, role="bot", status="sent", text=f"say {n}", created=NOON)
        for n in range(1, 451)
    )
    with django_assert_max_num_queries(10):
        assert texts(desk, conversation) == [f"say {n}" for n in range(351, 451)]
    assert 'href="?before=351"' in page_of(desk, conversation)
    assert texts(desk, conversation, before="351") == [f"say {n}" for n in range(251, 351)]
    assert 'href="?before=451"' in page_of(desk, conversation, before="351")
    assert 'href="?before=251"' in page_of(desk, conversation, before="351")
    assert len(texts(desk, conversation, before="nonsense")) == 100


@pytest.mark.parametrize(("at", "shown"), [(1, (1, 100)), (200, (141, 240)), (449, (351, 450)), (999, (351, 450))])
def test_it_opens_at_a_message(desk: Client, wrote: Write, at: int, shown: tuple[int, int]) -> None:
    conversation = wrote(last_seq=450)
    Message.objects.bulk_create(
        Message(conversation=conversation, seq=n, role="bot", status="sent", text=f"{n}", created=NOON)
        for n in range(1, 451)
    )
    found = texts(desk, conversation, at=str(at))
    assert (int(found[0]), int(found[-1])) == shown


def test_it_survives_contents_of_any_shape(desk: Client, wrote: Write) -> None:
    conversation = wrote()
    odd = [{"value": {"from": 1}}, {"start": 2, "end": 1}, {"start": 0, "end": 99}, {"start": "0", "end": None}]
    said(conversation, 1, "odd", ranking=[{}], entities=odd, intent="x", confidence=None)
    said(conversation, 2, "", "bot", content={"buttons": [{}], "attachment": {"type": "audio"}})
    assert "odd" in page_of(desk, conversation)


def test_it_is_for_those_who_may_view(viewer_desk: Client, stranger_desk: Client, wrote: Write) -> None:
    conversation = wrote("hi")
    assert "Delete this conversation" not in page_of(viewer_desk, conversation)
    assert stranger_desk.get(url(conversation)).status_code == 403


def test_it_leads_back_from_a_conversation_that_is_gone(desk: Client) -> None:
    assert desk.get("/admin/conversations/conversation/77/change/").status_code == 302


def test_it_changes_nothing(desk: Client, wrote: Write) -> None:
    conversation = wrote("hi")
    desk.post(url(conversation), {"state": "closed"})
    conversation.refresh_from_db()
    assert conversation.state == "bot"
    assert desk.get("/admin/conversations/conversation/add/").status_code == 403


def test_it_deletes_for_superusers_who_confirm(desk: Client, viewer_desk: Client, wrote: Write) -> None:
    conversation = wrote("hi")
    assert viewer_desk.post(url(conversation, "delete"), {"post": "yes"}).status_code == 403
    assert "Messages: 2" in desk.get(url(conversation, "delete")).content.decode()
    desk.post(url(conversation, "delete"), {"post": "yes"})
    assert not Message.objects.exists()
    assert not Conversation.objects.exists()
