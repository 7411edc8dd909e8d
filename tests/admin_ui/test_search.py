"""The search in all messages, in the list of conversations."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from time import perf_counter

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from assistant.lib.strict_json import is_storable_text
from conversations import search_index
from conversations.models import Conversation, Message
from conversations.selectors import neighbours, search
from tests.admin_ui.conftest import Write, said
from tests.admin_ui.test_conversation_list import LIST, listed, senders
from tests.assistant.test_nlu_component import WORST

# Each database has an index of its own.
pytestmark = [pytest.mark.django_db, pytest.mark.modes("embedded", "distributed")]


@pytest.mark.parametrize(
    "words",
    [
        "refund",
        "REFUND my",
        "ref",
        "my refund",
        '"my order"',
        "über100%",
        "UBER",
        "u\N{COMBINING DIAERESIS}ber",
        "it's",
        "naive",
        "naïve",
        "مرحبا",
        "مرح",
        "20-45",
        "order/20",
        '"late, naïve"',
        "Привет",
        "прив",
        '"unclosed my',
    ],
)
def test_it_finds_words_their_beginnings_and_phrases(desk: Client, wrote: Write, words: str) -> None:
    said = "Refund my order Über100% now, it's late, naïve; order/20-45 مرحبا بك Привет unclosed my"
    wrote("hi", said, "thanks", sender="sam")
    wrote("a table for a hundred people, its lateness", sender="kim")
    assert senders(desk, q=words) == ["sam"]


@pytest.mark.parametrize(
    "words", ["efund", '"order my"', "refund nobody", '"ref"', "'", '""', "%", "*", "-", "a* OR b"]
)
def test_it_finds_nothing_else(desk: Client, wrote: Write, words: str) -> None:
    wrote("Refund my order", sender="sam")
    assert senders(desk, q=words) == []


def test_it_shows_the_hit_and_leads_to_it(desk: Client, wrote: Write) -> None:
    wrote("hi", "where is <b>my</b> Refund, please", "thanks")
    page = desk.get(LIST, {"q": "refund MY where is"}).content.decode()
    assert "<mark>where</mark> <mark>is</mark> &lt;b&gt;<mark>my</mark>&lt;/b&gt; <mark>Refund</mark>, please" in page
    assert "at=4" in unescape(page)  # the bot's words, which repeat them and are newer


def test_it_begins_a_long_text_shortly_before_the_hit(desk: Client, wrote: Write) -> None:
    wrote(f"{'word ' * 400}needle{' word' * 400}")
    page = desk.get(LIST, {"q": "needle"}).content.decode()
    assert "word <mark>needle</mark> word" in page
    assert "word " * 60 not in page


def test_it_follows_what_is_written_changed_and_deleted(desk: Client, wrote: Write) -> None:
    sam, kim = wrote("needle", sender="sam"), wrote("needle", sender="kim")
    sam.delete()
    assert senders(desk, q="needle") == ["kim"]
    Message.objects.filter(conversation=kim).update(text="thread")
    assert (senders(desk, q="needle"), senders(desk, q="thread")) == ([], ["kim"])


def test_it_finds_senders_and_public_ids(desk: Client, wrote: Write) -> None:
    sam = wrote("hi", sender="sam-of-the-shop")
    wrote("hi", sender="kim")
    assert senders(desk, q="OF-THE") == ["sam-of-the-shop"]
    assert senders(desk, q=str(sam.public_id)) == ["sam-of-the-shop"]
    assert senders(desk, q="nobody said this") == []


def test_it_looks_back_a_bounded_way_and_goes_on(desk: Client, wrote: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "BATCH", 2)
    monkeypatch.setattr(search, "LOOKED_AT", 3)
    for age in range(4, -1, -1):
        moment = timezone.now() - timedelta(hours=age)
        wrote("needle", sender=f"age-{age}", active=moment, state="waiting" if age == 3 else "bot")
    first = listed(desk, q="needle", state="waiting")
    assert (first.result_count, bool(first.older)) == (0, True)
    found, address = [], first.older
    while address:
        page = listed(desk, address)
        found += [row.external_id for row in page.result_list]
        address = page.older
    assert set(found) == {"age-3"}


def test_it_looks_through_ever_larger_windows(desk: Client, wrote: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """As PostgreSQL does, where the newest messages do not have enough hits."""
    monkeypatch.setattr(search, "NEAREST", 2)
    monkeypatch.setattr(search, "ENOUGH", 2)
    monkeypatch.setattr(search, "WINDOWS", (4, 6))
    monkeypatch.setattr(search, "BATCH", 100)
    for number in range(6):
        wrote("needle", sender=f"no-{number}", active=timezone.now() + timedelta(hours=number))
    assert senders(desk, q="needle") == [f"no-{number}" for number in range(5, -1, -1)]


def test_it_mends_itself_where_a_migration_made_the_table_anew(desk: Client, wrote: Write) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("Only SQLite keeps this index by triggers.")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {search_index.TABLE}_added")
    search_index.restore_triggers(connection)
    wrote("needle", sender="sam")
    assert senders(desk, q="needle") == ["sam"]


@pytest.fixture
def needles(wrote: Write) -> list[Conversation]:
    """More than a page that have it, the newest hit first; the first has one below all others, too."""
    rows = [wrote("needle", sender=f"no-{number}") for number in range(56)]
    said(rows[0], 3, "that needle again", turn=2)
    wrote("thread", sender="other")
    return [rows[0], *reversed(rows[1:])]


def walked(desk: Client, here: Conversation, key: str, address: str) -> list[str]:
    """The senders that one meets by that key, up to the end of the list."""
    met: list[str] = []
    while True:
        url = desk.get(f"{LIST}{here.pk}/{key}/", {"_changelist_filters": address})["Location"]
        [pk] = re.findall(r"/(\d+)/change/", url)
        if int(pk) == here.pk:
            return met
        here = Conversation.objects.get(pk=pk)
        met.append(here.external_id)


def test_it_steps_through_all_hits_and_back(desk: Client, needles: list[Conversation]) -> None:
    names = [row.external_id for row in needles]
    assert walked(desk, needles[0], "next", "q=needle") == names[1:]
    assert walked(desk, needles[-1], "previous", "q=needle") == names[-2::-1]
    assert "This is the first one of the list." in desk.get(f"{LIST}{needles[0].pk}/change/").content.decode()


def test_it_steps_in_windows_and_batches_too(
    desk: Client, needles: list[Conversation], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"NEAREST": 3, "ENOUGH": 4, "WINDOWS": (7, 11)}.items():
        monkeypatch.setattr(search, name, value)
    monkeypatch.setattr(neighbours, "BATCH", 5)
    names = [row.external_id for row in needles]
    assert walked(desk, needles[0], "next", "q=needle") == names[1:]
    assert walked(desk, needles[-1], "previous", "q=needle") == names[-2::-1]


def test_it_steps_to_the_hit_and_keeps_to_the_filters(desk: Client, wrote: Write) -> None:
    old = wrote("hi", "a needle", "bye", sender="old", state="waiting")
    wrote("needle", sender="passed")
    new = wrote("needle", sender="new", state="waiting")
    came_from = {"_changelist_filters": "q=needle&state=waiting"}
    to_old = desk.get(f"{LIST}{new.pk}/next/", came_from)["Location"]
    assert to_old == f"{LIST}{old.pk}/change/?at=4&_changelist_filters=q%3Dneedle%26state%3Dwaiting#m4"
    assert desk.get(f"{LIST}{old.pk}/previous/", came_from)["Location"].startswith(f"{LIST}{new.pk}/change/")


def test_it_steps_from_those_found_by_name_to_the_hits(desk: Client, wrote: Write) -> None:
    said_it, named = wrote("needle", sender="sam"), wrote("hi", sender="needle-maker")
    assert walked(desk, named, "next", "q=needle") == ["sam"]
    assert walked(desk, said_it, "previous", "q=needle") == ["needle-maker"]


def test_it_reviews_all_hits_one_after_the_other(desk: Client, needles: list[Conversation]) -> None:
    needles[0].refresh_from_db()
    came_from = {"_changelist_filters": "q=needle"}
    here, met = needles[45], [needles[45].pk]
    while pks := re.findall(
        r"/(\d+)/change/", desk.post(f"{LIST}{here.pk}/reviewed/", {"seen": 1, **came_from})["Location"]
    ):
        here = Conversation.objects.get(pk=pks[0])
        met.append(here.pk)
    assert met == [row.pk for row in [*needles[45:], *needles[:45]]]


def test_it_hands_over_to_the_list_where_it_has_looked_far_enough(
    desk: Client, wrote: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "BATCH", 2)
    monkeypatch.setattr(neighbours, "LOOKED_AT", 3)
    last = wrote("needle", sender="last", state="waiting")
    for _ in range(4):
        wrote("needle")
    first = wrote("needle", sender="first", state="waiting")
    address = desk.get(f"{LIST}{first.pk}/next/", {"_changelist_filters": "q=needle&state=waiting"})["Location"]
    assert [row.pk for row in listed(desk, address.removeprefix(LIST)).result_list] == [last.pk]


@pytest.mark.clock
def test_it_stores_and_finds_the_worst_texts_in_little_time(desk: Client, wrote: Write) -> None:
    """What is nothing to a tokenizer, or one word of 4,000 letters."""
    texts = [text for text in WORST.values() if is_storable_text(text)]
    desk.get(LIST, {"q": "warm up"})
    stored = [waited(lambda text=text: wrote(text)) for text in texts]
    found = [waited(lambda text=text: desk.get(LIST, {"q": text})) for text in texts]
    assert (max(stored) < 0.3, max(found) < 0.8) == (True, True), (stored, found)


def waited(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began
