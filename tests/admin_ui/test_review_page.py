"""Staff annotate a conversation on its page: by plain forms, and by the scripts that send the same forms."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from conversations.models import Annotation, Conversation, Event, Message
from conversations.services import mark_reviewed
from tests.admin_ui.conftest import Write, said
from training.models import BotFile, Example
from training.selectors import production
from training.services import add_example

pytestmark = pytest.mark.django_db
LIST = "/admin/conversations/conversation/"
ABOUT_ALL = ["notes/", "tags/", "reviewed/", "later/", "cared/", "undo/"]
RANKING = [{"name": "ask_hours", "confidence": 0.41}, {"name": "ask_prices", "confidence": 0.33}]


@pytest.fixture
def talk(wrote: Write) -> Conversation:
    """`Open on Sunday?`, taken for ask_hours with little confidence."""
    conversation = wrote(last_turn=1, answered_turn=1, last_seq=1, sender="sam")
    said(conversation, 1, "Open on Sunday?", turn=1, intent="ask_hours", confidence=0.41, ranking=RANKING)
    return conversation


@pytest.fixture
def ben_desk(db: None) -> Client:
    """A browser of an annotator."""
    ben = User.objects.create_user("ben", is_staff=True)
    names = ["view_conversation", "review_conversation", "view_bot"]
    ben.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(ben)
    return client


def url(conversation: Conversation, act: str = "change/") -> str:
    return f"{LIST}{conversation.pk}/{act}"


def send(desk: Client, conversation: Conversation, act: str, **fields: Any) -> Any:
    """As the scripts do."""
    return desk.post(url(conversation, act), fields, headers={"Accept": "application/json"})


def ask(desk: Client, conversation: Conversation, act: str, **query: Any) -> Any:
    return desk.get(url(conversation, act), query, headers={"Accept": "application/json"}).json()


def verdict(conversation: Conversation) -> tuple[str, str]:
    return Annotation.objects.filter(conversation=conversation).values_list("verdict", "intent").get()


def test_it_offers_runners_up_and_marks_doubt(ben_desk: Client, talk: Conversation) -> None:
    page = ben_desk.get(url(talk)).content.decode()
    assert 'name="intent" value="ask_prices"' in page
    assert "in-doubt" in page


def test_it_corrects_by_a_plain_form(ben_desk: Client, talk: Conversation) -> None:
    answer = ben_desk.post(url(talk, "messages/1/judge/"), {"intent": "ask_prices", "revision": 0})
    assert answer.url == f"{url(talk)}?at=1#m1"
    page = ben_desk.get(answer.url).content.decode()
    assert all(words in page for words in ("Taught as ask_prices.", "Corrected", "by ben"))
    assert verdict(talk) == ("corrected", "ask_prices")


def test_it_corrects_to_what_is_typed(ben_desk: Client, talk: Conversation) -> None:
    send(ben_desk, talk, "messages/1/judge/", verdict="corrected", other="ask_way", revision=0)
    assert verdict(talk) == ("corrected", "ask_way")


def test_it_answers_scripts_with_the_pieces_that_changed(ben_desk: Client, talk: Conversation) -> None:
    answer = send(ben_desk, talk, "messages/1/judge/", intent="ask_prices", revision=0).json()
    assert answer["said"] == "Taught as ask_prices."
    assert set(answer["parts"]) == {"m1", "desk-head", "desk-state", "desk-tags", "desk-notes"}
    assert 'data-revision="1"' in answer["parts"]["m1"]


def test_it_undoes_with_the_fields_it_gave(ben_desk: Client, talk: Conversation) -> None:
    send(ben_desk, talk, "messages/1/judge/", verdict="correct", revision=0)
    undo = send(ben_desk, talk, "messages/1/judge/", intent="ask_prices", revision=1).json()["undo"]
    ben_desk.post(undo["url"], undo["fields"])
    assert verdict(talk) == ("correct", "ask_hours")
    assert list(Example.objects.filter(deleted=None).values_list("use", flat=True)) == ["held_out"]


def test_it_says_where_the_same_words_stand_and_moves_them(ben_desk: Client, talk: Conversation) -> None:
    add_example(bot=production().bot, intent="ask_hours", text="open on sunday")
    answer = send(ben_desk, talk, "messages/1/judge/", intent="ask_prices", revision=0).json()
    assert "Move it to ask_prices" in answer["parts"]["m1"]
    assert "Move it to ask_prices" in ben_desk.get(url(talk)).content.decode()
    assert "Move it to ask_prices" in ask(ben_desk, talk, "messages/", seq=1)["items"]
    answer = send(ben_desk, talk, "messages/1/judge/", move="yes", also="ask_prices", revision=1).json()
    assert answer["said"] == "Taught as ask_prices, and no longer as ask_hours."
    assert list(Example.objects.filter(deleted=None).values_list("intent__name", flat=True)) == ["ask_prices"]


def test_it_says_of_a_verdict_that_another_took_its_words(ben_desk: Client, talk: Conversation, wrote: Write) -> None:
    other = wrote(last_turn=1, answered_turn=1, last_seq=1)
    said(other, 1, "Open on Sunday?", turn=1, intent="ask_hours", confidence=0.41)
    send(ben_desk, other, "messages/1/judge/", intent="ask_way", revision=0)
    assert "by now" not in ben_desk.get(url(other)).content.decode()
    send(ben_desk, talk, "messages/1/judge/", move="yes", also="ask_prices", revision=0)
    assert "by now the same words are taught as ask_prices" in ben_desk.get(url(other)).content.decode()


def test_it_says_which_tags_a_comma_divides_and_refuses_one_that_is_too_long(
    ben_desk: Client, talk: Conversation
) -> None:
    assert send(ben_desk, talk, "tags/", add="size, colour").json()["said"] == "Tagged size and colour."
    assert "at most 60 characters" in send(ben_desk, talk, "tags/", add="x" * 61).json()["message"]
    assert 'maxlength="60"' not in ben_desk.get(url(talk)).content.decode()


def test_it_says_where_marked_entities_have_no_effect(ben_desk: Client, talk: Conversation) -> None:
    assert "learns no entities" not in ben_desk.get(url(talk)).content.decode()
    config = "recipe: default.v1\npipeline:\n- name: WhitespaceTokenizer\n"
    BotFile.objects.create(bot=production().bot, path="config.yml", text=config)
    assert "learns no entities. Ask whoever keeps the project" in ben_desk.get(url(talk)).content.decode()


def test_it_marks_entities(ben_desk: Client, talk: Conversation) -> None:
    marks = [{"start": 8, "end": 14, "entity": "day", "value": "Sunday"}]
    fields = {"verdict": "corrected", "other": "ask_hours", "entities": json.dumps(marks), "revision": 0}
    assert '<mark class="entity' in send(ben_desk, talk, "messages/1/judge/", **fields).json()["parts"]["m1"]
    assert Example.objects.get().entities == marks


def test_it_explains_a_conflict_and_keeps_the_choice(desk: Client, ben_desk: Client, talk: Conversation) -> None:
    send(ben_desk, talk, "messages/1/judge/", intent="ask_prices", revision=0)
    refused = send(desk, talk, "messages/1/judge/", intent="ask_way", revision=0)
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_meanwhile")
    assert refused.json()["message"] == "ben changed this meanwhile: corrected to ask_prices."
    assert "Corrected by ben" in refused.json()["parts"]["m1"]

    plain = desk.post(url(talk, "messages/1/judge/"), {"other": "ask_way", "verdict": "corrected", "revision": 0})
    page = desk.get(plain.url).content.decode()
    assert 'value="ask_way"' in page
    assert "changed this meanwhile: corrected to ask_prices." in page
    assert verdict(talk) == ("corrected", "ask_prices")


@pytest.mark.parametrize(
    "entities",
    [
        "no json",
        "{}",
        "[1]",
        '[{"entity": "x", "value": 1e400}]',
        '[{"start": 0, "end": 99, "entity": "x"}]',
        "[" * 60_000,
    ],
)
def test_it_refuses_entities_that_are_none(ben_desk: Client, talk: Conversation, entities: str) -> None:
    fields = {"verdict": "corrected", "other": "ask_way", "revision": 0, "entities": entities}
    answer = send(ben_desk, talk, "messages/1/judge/", **fields)
    assert answer.status_code in (200, 400)
    assert not Example.objects.exclude(entities=[]).exists()


def test_it_flags_tags_and_notes(ben_desk: Client, talk: Conversation) -> None:
    send(ben_desk, talk, "messages/1/flag/", flagged="yes", revision=0)
    send(ben_desk, talk, "tags/", add="new skill, prices")
    send(ben_desk, talk, "tags/", remove="prices")
    send(ben_desk, talk, "notes/", text="ask sales", seq=1)
    send(ben_desk, talk, "notes/", text="all in all: <b>fine</b>")
    page = ben_desk.get(url(talk)).content.decode()

    assert all(words in page for words in ("1 flagged", "new skill", "ask sales", "&lt;b&gt;fine"))
    assert 'name="remove" value="prices"' not in page


def test_it_takes_back_no_tag_that_was_there_before(ben_desk: Client, talk: Conversation) -> None:
    send(ben_desk, talk, "tags/", add="prices")
    undo = send(ben_desk, talk, "tags/", add="Prices, new").json()["undo"]
    ben_desk.post(undo["url"], undo["fields"])
    assert [tag.name for tag in talk.tags.all()] == ["prices"]


def test_it_makes_no_new_note_of_one_that_a_colleague_removed(ben_desk: Client, talk: Conversation) -> None:
    for fields in ({"id": 777, "text": "so"}, {"id": "x", "text": "so"}, {"id": 777, "delete": "yes"}):
        answer = send(ben_desk, talk, "notes/", **fields)
        assert (answer.status_code, answer.json()["message"]) == (404, "This note is not there any more.")
    assert send(ben_desk, talk, "notes/", seq="x", text="beside nothing").status_code == 200
    assert [note.text for note in talk.notes.all()] == ["beside nothing"]


def test_it_brings_a_deleted_note_back(ben_desk: Client, talk: Conversation) -> None:
    send(ben_desk, talk, "notes/", text="ask sales", seq=1)
    note = talk.notes.get()
    undo = send(ben_desk, talk, "notes/", id=note.pk, delete="yes", seq=1).json()["undo"]
    ben_desk.post(undo["url"], undo["fields"])
    assert [(note.text, note.message.seq) for note in talk.notes.all() if note.message] == [("ask sales", 1)]


def test_it_goes_on_to_the_next_of_the_list(ben_desk: Client, wrote: Write) -> None:
    now = timezone.now()
    rows = [
        wrote("hi", channel=channel, active=now - timedelta(hours=n))
        for n, channel in enumerate(("widget", "rest", "widget"))
    ]
    filters = {"_changelist_filters": "channel=widget"}
    assert ben_desk.get(url(rows[0], "next/"), filters).url == f"{url(rows[2])}?_changelist_filters=channel%3Dwidget"
    assert ben_desk.get(url(rows[0], "next/")).url == url(rows[1])
    answer = ben_desk.post(url(rows[0], "reviewed/"), {"seen": 1, **filters})
    assert answer.url == f"{url(rows[2])}?_changelist_filters=channel%3Dwidget"
    assert ben_desk.post(url(rows[2], "reviewed/"), {"seen": 1, **filters}).url == f"{LIST}?channel=widget"


def test_it_leads_back_to_the_list_where_nothing_waits(ben_desk: Client, talk: Conversation) -> None:
    assert send(ben_desk, talk, "reviewed/", seen=1).json() == {"go": f"{LIST}?"}
    assert "Nothing else waits here." in ben_desk.get(LIST).content.decode()


def test_it_waits_again_when_the_review_is_undone(ben_desk: Client, talk: Conversation, wrote: Write) -> None:
    other = wrote("hi")
    answer = send(ben_desk, talk, "reviewed/", seen=1).json()
    assert answer["go"] == url(other)
    assert "Reviewed by" in ben_desk.get(url(talk)).content.decode()
    ben_desk.post(answer["undo"]["url"], answer["undo"]["fields"])
    assert "Waits for review" in ben_desk.get(url(talk)).content.decode()


def test_it_takes_back_a_review_only_as_it_was(
    desk: Client, ben_desk: Client, talk: Conversation, wrote: Write, ana: User
) -> None:
    other = wrote("hi")
    mark_reviewed(conversation=talk, by=ana)
    undo = send(ben_desk, talk, "reviewed/", seen=1).json()["undo"]
    assert undo["url"] == url(talk, "undo/")
    assert send(ben_desk, other, "undo/", **undo["fields"]).status_code == 400
    assert send(desk, talk, "undo/", **undo["fields"]).status_code == 400
    assert send(ben_desk, talk, "undo/", step="forged").status_code == 400
    assert send(ben_desk, talk, "undo/", **undo["fields"]).status_code == 200
    assert send(ben_desk, talk, "undo/", **undo["fields"]).status_code == 400
    talk.refresh_from_db()
    assert (talk.reviewed_turn, talk.reviewed_by) == (1, ana)


def test_it_says_how_far_a_page_shows_the_conversation(ben_desk: Client, wrote: Write) -> None:
    talk, _other = wrote(*(f"say {number}" for number in range(100))), wrote("hi")
    assert 'name="seen" value="100"' in ben_desk.get(url(talk)).content.decode()
    assert 'name="seen" value="50"' in ben_desk.get(url(talk), {"before": 101}).content.decode()
    assert "as far as it was shown" in send(ben_desk, talk, "reviewed/", seen=50).json()["said"]


def test_it_takes_care_of_who_waits_for_a_person(ben_desk: Client, wrote: Write) -> None:
    talk = wrote("a person please", state="waiting")
    assert "Taken care of" in ben_desk.get(url(talk)).content.decode()
    answer = send(ben_desk, talk, "cared/").json()
    assert "Taken care of" not in answer["parts"]["desk-state"]
    assert not Conversation.objects.filter(state="waiting").exists()
    assert LogEntry.objects.get().changes == {"state": ["waiting", "bot"]}
    ben_desk.post(answer["undo"]["url"], answer["undo"]["fields"])
    assert Conversation.objects.get().state == "waiting"


def test_it_fetches_what_is_new(viewer_desk: Client, talk: Conversation) -> None:
    said(talk, 2, "Sundays we are closed.", "bot", turn=1)
    found = ask(viewer_desk, talk, "messages/", after=1)
    assert (found["seqs"], "Sundays we are closed." in found["items"]) == ([2], True)
    assert ask(viewer_desk, talk, "messages/", before=2)["seqs"] == [1]
    assert ask(viewer_desk, talk, "messages/", seq=1)["seqs"] == [1]
    assert ask(viewer_desk, talk, "messages/", seq=7)["seqs"] == []


def test_it_tells_all_intents_and_near_examples(viewer_desk: Client, talk: Conversation) -> None:
    add_example(bot=production().bot, intent="ask_hours", text="Are you open on Sundays?")
    [choice] = ask(viewer_desk, talk, "intents/")["intents"]
    [near] = ask(viewer_desk, talk, "messages/1/similar/")["near"]
    assert choice == {"name": "ask_hours", "example": "Are you open on Sundays?", "count": 1}
    assert near["intent"] == "ask_hours"
    assert near["similarity"] > 0.7
    assert Example.objects.get().vector is None


def test_it_shows_the_events_of_a_turn(viewer_desk: Client, talk: Conversation) -> None:
    data = {"event": "slot", "name": "day", "value": "<i>Sunday</i>"}
    Event.objects.create(conversation=talk, position=1, turn=1, data=data)
    page = viewer_desk.get(url(talk, "messages/1/events/")).content.decode()
    assert "day = &quot;&lt;i&gt;Sunday" in page


def test_it_leaves_out_what_a_viewer_may_not_do(viewer_desk: Client, talk: Conversation) -> None:
    page = viewer_desk.get(url(talk)).content.decode()
    assert "ask_hours" in page
    assert "<form" not in page.split('id="desk"')[1].split("</main>")[0]


@pytest.mark.parametrize("act", [*(f"messages/1/{act}/" for act in ("judge", "flag")), *ABOUT_ALL])
def test_it_is_changed_by_those_who_may(
    viewer_desk: Client, stranger_desk: Client, ben_desk: Client, talk: Conversation, act: str
) -> None:
    for outsider in (viewer_desk, stranger_desk):
        assert outsider.post(url(talk, act)).status_code == 403
    assert ben_desk.get(url(talk, act)).status_code == 405
    assert ben_desk.post(f"{LIST}777/{act}").status_code == 404


@pytest.mark.parametrize("part", ["messages/", "intents/", "messages/1/similar/", "messages/1/events/", "next/"])
def test_it_is_read_by_those_who_may(stranger_desk: Client, talk: Conversation, part: str) -> None:
    assert stranger_desk.get(url(talk, part)).status_code == 403


def test_it_opens_a_conversation_of_a_thousand_messages_at_once(desk: Client, wrote: Write) -> None:
    conversation = wrote(*(f"say {n}" for n in range(500)))
    Message.objects.filter(role="user").update(intent="ask_hours", confidence=0.4, ranking=RANKING)
    desk.get(url(conversation))
    began = time.process_time()
    page = desk.get(url(conversation)).content.decode()
    assert page.count('class="message message-') == 100
    assert time.process_time() - began < 1
