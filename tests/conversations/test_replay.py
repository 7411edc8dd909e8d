"""Replays: real conversations, said again to two versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from assistant.engine import Turn
from assistant.engine.fake import FakeEngine
from assistant.lib.errors import FrontdeskError
from conversations.models import Conversation, Message, Replay, ReplayedTurn
from conversations.selectors.replays import intent_pairs
from conversations.services import replays, request_replay
from tests.admin_ui.conftest import _desk_of
from training.models import Bot, Environment, Job, ModelVersion
from training.selectors import production
from training.services import (
    activate_version,
    add_example,
    cancel_job,
    replace_files,
    run_next_job,
    save_response,
    train_version,
)

REPLAYS = "/admin/conversations/replay/"
FILES = {
    "config.yml": "language: en\npipeline: []\npolicies: []\n",
    "domain.yml": """
intents: [ask_hours, ask_price]
responses:
  utter_ask_hours:
  - text: Nine to five.
  utter_ask_price:
  - text: Ten pounds.
""",
    "data/nlu.yml": """
nlu:
- intent: ask_hours
  examples: |
    - when are you open
    - are you open today
- intent: ask_price
  examples: |
    - how much is it
    - what does it cost
""",
    "data/rules.yml": """
rules:
- rule: hours
  steps: [{intent: ask_hours}, {action: utter_ask_hours}]
- rule: price
  steps: [{intent: ask_price}, {action: utter_ask_price}]
""",
}
Say = Callable[..., Conversation]
pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(db: None) -> Bot:
    found = production().bot
    replace_files(bot=found, files=FILES)
    return found


@pytest.fixture
def before(bot: Bot) -> ModelVersion:
    version = train_version(bot=bot)
    activate_version(version=version)
    return version


@pytest.fixture
def said(before: ModelVersion) -> Say:
    """`said("hello", "bye")`: a visitor said these."""

    def say(*texts: str, channel: str = "widget", ago: int = 0) -> Conversation:
        row = Conversation.objects.create(
            channel=channel,
            external_id=f"visitor-{Conversation.objects.count()}",
            environment=production(),
            last_active=timezone.now() - timedelta(minutes=ago),
            last_seq=len(texts),
            last_turn=len(texts),
            answered_turn=len(texts),
        )
        for turn, text in enumerate(texts, 1):
            of: dict[str, Any] = {"role": "user", "status": "answered", "created": timezone.now()}
            Message.objects.create(conversation=row, seq=turn, turn=turn, text=text, **of)
        return row

    return say


@pytest.fixture
def desk(ana: User) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def replayed(left: ModelVersion, right: ModelVersion, by: User | None = None, conversations: int = 100) -> Replay:
    replay = request_replay(left=left, right=right, conversations=conversations, by=by)
    while run_next_job("test"):
        pass
    return Replay.objects.get(pk=replay.pk)


def test_it_shows_exactly_the_turn_that_a_correction_changed(bot: Bot, before: ModelVersion, said: Say) -> None:
    wrong = said("when are you open", "is it dear", "how much is it")
    said("how much is it")
    add_example(bot=bot, intent="ask_price", text="is it dear")
    replay = replayed(before, train_version(bot=bot))

    turn = ReplayedTurn.objects.get(replay=replay)
    assert (turn.conversation, turn.seq, turn.text) == (wrong, 2, "is it dear")
    assert (turn.left["intent"], turn.right["intent"]) == ("echo", "ask_price")
    assert (turn.left["actions"], turn.right["actions"]) == (["utter_echo"], ["utter_ask_price"])
    assert turn.right["says"] == ["Ten pounds."]
    assert (replay.conversation_count, replay.turn_count, replay.differing_count) == (2, 4, 1)
    assert [(group.left, group.right, group.count) for group in intent_pairs(replay)] == [("echo", "ask_price", 1)]


def test_it_says_nothing_again_that_another_bot_was_told(bot: Bot, before: ModelVersion, said: Say) -> None:
    said("how much is it")
    place = Environment.objects.create(bot=Bot.objects.create(name="shop"))
    Conversation.objects.filter(pk=said("is it dear").pk).update(environment=place)
    assert replayed(before, train_version(bot=bot)).conversation_count == 1


def test_it_shows_a_response_that_staff_changed(bot: Bot, before: ModelVersion, said: Say) -> None:
    said("when are you open", "how much is it")
    save_response(bot=bot, name="utter_ask_hours", variations=[{"text": "Eight to six."}], by=None, revision=1)
    replay = replayed(before, train_version(bot=bot))

    turn = ReplayedTurn.objects.get(replay=replay)
    assert (turn.left["says"], turn.right["says"]) == (["Nine to five."], ["Eight to six."])
    assert intent_pairs(replay)[0].same_intent


def test_it_finds_no_difference_between_like_versions(bot: Bot, before: ModelVersion, said: Say) -> None:
    said("when are you open", "/count", "/raise", "/fail", "how much is it")
    replay = replayed(before, train_version(bot=bot))
    assert (replay.turn_count, replay.differing_count) == (5, 0)


def test_it_takes_the_newest_conversations_of_real_people(bot: Bot, before: ModelVersion, said: Say) -> None:
    said("a test", channel="test")
    for number in range(12):
        said(f"number {number}", ago=number)
    add_example(bot=bot, intent="ask_price", text="number 9")
    add_example(bot=bot, intent="ask_price", text="number 10")
    replay = replayed(before, train_version(bot=bot), conversations=10)
    assert [turn.text for turn in replay.turns.all()] == ["number 9"]
    assert replay.conversation_count == 10


def test_it_hears_no_more_than_fifty_turns_of_each(bot: Bot, before: ModelVersion, said: Say) -> None:
    said(*(f"turn {number}" for number in range(60)))
    assert replayed(before, train_version(bot=bot)).turn_count == 50


def test_it_runs_nothing_that_has_an_effect(
    bot: Bot, before: ModelVersion, said: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Listening(FakeEngine):
        turns: list[Turn] = []

        def respond(self, model: Any, turn: Turn, timeout: float) -> Any:
            self.turns.append(turn)
            return super().respond(model, turn, timeout)

    row = said("when are you open", "/count")
    messages = Message.objects.count()
    monkeypatch.setattr(replays, "get_engine", Listening)
    replay = replayed(before, train_version(bot=bot))
    assert replay.job
    assert replay.job.status == Job.Status.DONE, replay.job.error
    assert [turn.dry_run for turn in Listening.turns] == [True] * 4
    assert str(row.public_id) not in {turn.sender for turn in Listening.turns}
    assert (Message.objects.count(), row.events.count()) == (messages, 0)


def test_it_leaves_nothing_of_a_replay_that_was_cancelled(bot: Bot, before: ModelVersion, said: Say) -> None:
    said("when are you open")
    replay = request_replay(left=before, right=train_version(bot=bot), by=None)
    assert replay.job
    cancel_job(job=replay.job, by=None)
    assert run_next_job("test") is False
    assert ReplayedTurn.objects.count() == 0


def test_it_is_asked_for_once(bot: Bot, before: ModelVersion, ana: User) -> None:
    after = train_version(bot=bot)
    first = request_replay(left=before, right=after, by=ana)
    assert request_replay(left=before, right=after, by=ana) == first
    assert request_replay(left=after, right=before, by=ana) != first


def test_it_refuses_what_can_not_be_compared(bot: Bot, before: ModelVersion) -> None:
    failed = ModelVersion.objects.create(bot=bot, name="failed", status="failed")
    other = ModelVersion.objects.create(bot=Bot.objects.create(name="faq"), name="faq-1", status="ready")
    for right, conversations in ((before, 100), (failed, 100), (other, 100), (train_version(bot=bot), 9)):
        with pytest.raises(FrontdeskError):
            request_replay(left=before, right=right, conversations=conversations, by=None)


def test_it_is_started_watched_and_read_on_its_page(bot: Bot, before: ModelVersion, said: Say, desk: Client) -> None:
    row = said("is it <b>dear</b>", "how much is it")
    add_example(bot=bot, intent="ask_price", text="is it <b>dear</b>")
    after = train_version(bot=bot)
    form = {"left": before.pk, "right": after.pk, "conversations": 10}
    assert f'value="{after.pk}" selected' in desk.get(f"{REPLAYS}add/", {"left": before.pk}).content.decode()
    waiting = desk.post(f"{REPLAYS}add/", form, follow=True)
    assert "Begins as soon as a worker is free." in waiting.content.decode()
    while run_next_job("test"):
        pass
    address = waiting.redirect_chain[-1][0]
    page = desk.get(address).content.decode()
    assert "<strong>1 of 2 turns</strong> differ, in 1 of 1 conversations" in page
    assert "is it &lt;b&gt;dear&lt;/b&gt;" in page
    assert f"/conversation/{row.pk}/change/?at=1" in page
    assert "data-ended" in desk.get(address.replace("change", "now")).content.decode()
    assert desk.get(address, {"was": "echo", "now": "ask_price"}).context["page"].paginator.count == 1
    assert desk.get(address, {"was": "ask_price", "now": "echo"}).context["page"].paginator.count == 0
    assert "1 of 2" in desk.get(REPLAYS).content.decode()


def test_it_says_so_where_both_say_the_same(bot: Bot, before: ModelVersion, said: Say, desk: Client) -> None:
    said("how much is it")
    replay = replayed(before, train_version(bot=bot))
    assert "They would have said the same" in desk.get(f"{REPLAYS}{replay.pk}/change/").content.decode()


def test_it_says_on_its_page_what_is_missing(bot: Bot, before: ModelVersion, desk: Client) -> None:
    assert "needs two versions" in desk.get(f"{REPLAYS}add/").content.decode()
    train_version(bot=bot)
    refused = desk.post(f"{REPLAYS}add/", {"left": before.pk, "right": before.pk, "conversations": 10})
    assert "Choose two different versions" in refused.content.decode()
    assert desk.get(f"{REPLAYS}77/change/").status_code == 404


def test_it_leads_there_from_versions_and_jobs(bot: Bot, before: ModelVersion, said: Say, desk: Client) -> None:
    replay, reader = replayed(before, train_version(bot=bot)), _desk_of("rita", "view_bot")
    job, pair = f"/admin/training/job/{replay.job_id}/change/", {"left": replay.left_id, "right": replay.right_id}
    compare = "/admin/training/modelversion/compare/"
    start = f"{REPLAYS}add/?left={replay.left_id}&amp;right={replay.right_id}"
    assert start in desk.get(compare, pair).content.decode()
    assert "Replay conversations" not in desk.get(compare, {**pair, "right": replay.left_id}).content.decode()
    assert f"{REPLAYS}{replay.pk}/change/" in desk.get(job).content.decode()
    for page in (reader.get(compare, pair), reader.get(job)):
        assert page.status_code == 200
        assert REPLAYS not in page.content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"conversations": "-5"}, "A replay takes 10 to 500 conversations."),
        ({"left": "999999"}, "Choose two versions."),
        ({"right": "x"}, "Choose two versions."),
    ],
)
def test_it_starts_nothing_else_than_what_was_asked(
    bot: Bot, before: ModelVersion, desk: Client, wrong: dict[str, str], words: str
) -> None:
    after = ModelVersion.objects.create(bot=bot, name="after", status=ModelVersion.Status.READY)
    asked = {"left": before.pk, "right": after.pk, "conversations": "10", **wrong}
    assert words in desk.post(f"{REPLAYS}add/", asked).content.decode()
    assert not Replay.objects.exists()
