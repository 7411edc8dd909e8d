"""Services of intents, and what they mean for the project's own rules and stories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from auditlog.models import LogEntry
from django.contrib.auth.models import User

from assistant.engine.bundles import check_bundle
from assistant.lib.errors import ChangedMeanwhile, FrontdeskError
from training.bundles import bundle_of, examples_in
from training.importing import import_project
from training.models import Bot, Example, Intent
from training.services import (
    add_example,
    change_example,
    create_intent,
    delete_examples,
    delete_intent,
    freeze_training_set,
    merge_intents,
    rename_intent,
    replace_files,
    restore_deleted,
    save_response,
    set_answer,
    undo_change,
)

pytestmark = pytest.mark.django_db
EVERYWHERE = """\
version: "3.1"
intents:
- track: {use_entities: []}
slots:
  tracked:
    type: bool
    mappings:
    - {type: from_intent, intent: [track, bye], value: true}
    - {type: from_intent, intent: track, value: true}
    - {type: from_text, not_intent: track}
forms:
  order_form: {ignored_intents: [track], required_slots: [tracked]}
responses:
  utter_where:
  - text: Where to?
    buttons:
    - {title: Track it, payload: '/track{"size": "x"}'}
"""
PATHS = """\
version: "3.1"
stories:
- story: Either
  steps:
  - or:
    - intent: track
    - intent: greet
  - action: utter_greet
- story: Said
  steps:
  - user: /track
    intent: track
  - action: utter_where
"""


@pytest.fixture
def bot(db: None) -> Bot:
    folder = Path(__file__).parent / "pizzeria"
    bot = import_project(bot="pizzeria", folder=folder, default_pipeline=True)[0]
    files = dict(bot.files.values_list("path", "text"))
    replace_files(bot=bot, files={**files, "domain/more.yml": EVERYWHERE, "data/more.yml": PATHS})
    return bot


def intent(bot: Bot, name: str) -> Intent:
    return Intent.objects.get(bot=bot, name=name, deleted=None)


def files_of(bot: Bot) -> dict[str, Any]:
    """What would be trained on, read."""
    bundle = bundle_of(freeze_training_set(bot=bot))
    check_bundle(bundle)
    return {path: yaml.safe_load(text) for path, text in bundle.files.items() if not path.startswith("tests/")}


def names_of(paths: list[dict[str, Any]]) -> list[str]:
    return [path.get("rule") or path["story"] for path in paths]


def test_it_renames_an_intent_everywhere(bot: Bot, ana: User) -> None:
    rename_intent(intent=intent(bot, "track"), name="follow", by=ana)
    files = files_of(bot)
    assert "track" not in str([files["domain/more.yml"], files["data/more.yml"]]).replace("tracked", "").lower()
    domain = files["domain/more.yml"]
    assert domain["intents"] == [{"follow": {"use_entities": []}}]
    assert domain["forms"]["order_form"]["ignored_intents"] == ["follow"]
    assert files["domain/taught.yml"]["responses"]["utter_where"][0]["buttons"][0]["payload"] == '/follow{"size": "x"}'
    assert names_of(files["data/orders.yaml"]["rules"])[-1] == "Track it"


def test_it_leaves_out_the_rules_of_a_merged_intent(bot: Bot, ana: User) -> None:
    merge_intents(source=intent(bot, "track"), target=intent(bot, "order"), by=ana)
    files = files_of(bot)
    assert "Track it" not in names_of(files["data/orders.yaml"]["rules"])
    assert names_of(files["data/more.yml"]["stories"]) == ["Either"]
    assert ("order", "where is my pizza") in examples_in(freeze_training_set(bot=bot))
    assert files["domain/taught.yml"]["responses"]["utter_where"][0]["buttons"][0]["payload"] == '/order{"size": "x"}'


def test_it_takes_a_merge_back_with_all_that_it_changed(bot: Bot, ana: User) -> None:
    before = freeze_training_set(bot=bot)
    add_example(bot=bot, intent="order", text="where is my pizza")
    merge = merge_intents(source=intent(bot, "track"), target=intent(bot, "order"), by=ana)
    delete_examples(ids=[Example.objects.get(text="where is my pizza", deleted=None).pk], by=ana)
    undo_change(step=merge, by=ana)
    assert freeze_training_set(bot=bot) == before


def test_it_leaves_out_all_that_names_a_deleted_intent(bot: Bot, ana: User) -> None:
    delete_intent(intent=intent(bot, "track"), by=ana)
    files = files_of(bot)
    mappings = files["domain/more.yml"]["slots"]["tracked"]["mappings"]
    assert mappings == [{"type": "from_intent", "intent": ["bye"], "value": True}, {"type": "from_text"}]
    assert files["data/more.yml"]["stories"][0]["steps"][0] == {"or": [{"intent": "greet"}]}
    assert files["domain/taught.yml"]["responses"]["utter_where"][0]["buttons"][0]["payload"] == "Track it"
    assert "track" not in {name for name, _ in examples_in(freeze_training_set(bot=bot))}


def test_it_brings_a_deleted_intent_back_with_its_rules(bot: Bot, ana: User) -> None:
    before = freeze_training_set(bot=bot)
    mark = delete_intent(intent=intent(bot, "track"), by=ana)
    assert restore_deleted(bot=bot, mark=mark, by=ana).count == 4
    assert freeze_training_set(bot=bot) == before


@pytest.mark.parametrize("name", ["+", "🙂", "a\u202eb", "\u3164", "a\u200bb", "x" * 81, "faq/+", "a=b"])
def test_it_makes_no_name_that_nobody_can_read(bot: Bot, ana: User, name: str) -> None:
    for make in (
        lambda: create_intent(bot=bot, name=name, by=ana),
        lambda: rename_intent(intent=intent(bot, "greet"), name=name, by=ana),
        lambda: add_example(bot=bot, intent=name, text="what", by=ana),
    ):
        with pytest.raises(FrontdeskError):
            make()


@pytest.mark.parametrize("name", ["größe", "नमस्ते", "予約", "ask-hours.2", "faq/hours"])
def test_it_makes_names_in_any_writing(bot: Bot, ana: User, name: str) -> None:
    assert create_intent(bot=bot, name=name, by=ana).name == name


def test_it_goes_on_training_an_intent_that_a_project_names_so(bot: Bot, ana: User) -> None:
    Intent.objects.create(bot=bot, name="+1")
    assert add_example(bot=bot, intent="+1", text="yes please", by=ana).intent.name == "+1"


def test_it_swaps_the_names_of_two_intents(bot: Bot, ana: User) -> None:
    for old, new in (("greet", "spare"), ("bye", "greet"), ("spare", "bye")):
        rename_intent(intent=intent(bot, old), name=new, by=ana)
    rules = files_of(bot)["data/small-talk/talk.yml"]["rules"]
    assert rules[0]["steps"] == [{"intent": "greet"}, {"action": "utter_bye"}]
    assert ("bye", "good evening") in examples_in(freeze_training_set(bot=bot))


def test_it_refuses_a_name_that_is_taken(bot: Bot, ana: User) -> None:
    with pytest.raises(FrontdeskError, match="Merge the two"):
        rename_intent(intent=intent(bot, "greet"), name="bye", by=ana)
    with pytest.raises(FrontdeskError, match="already"):
        create_intent(bot=bot, name="greet", by=ana)


def test_it_answers_a_new_intent(bot: Bot, ana: User) -> None:
    set_answer(intent=create_intent(bot=bot, name="jobs", by=ana), texts=["We hire bakers.", " "], by=ana)
    files = files_of(bot)
    rule = {"rule": "Answer jobs", "steps": [{"intent": "jobs"}, {"action": "utter_jobs"}]}
    assert files["data/taught.yml"]["rules"] == [rule]
    assert files["domain/taught.yml"]["responses"]["utter_jobs"] == [{"text": "We hire bakers."}]
    assert files["domain/taught.yml"]["intents"] == ["jobs"]


def test_it_writes_the_response_of_a_rule_that_is_there(bot: Bot, ana: User) -> None:
    set_answer(intent=intent(bot, "bye"), texts=["So long."], by=ana, revision=1)
    files = files_of(bot)
    assert "rules" not in files["data/taught.yml"]
    assert files["domain/taught.yml"]["responses"]["utter_bye"] == [{"text": "So long."}]


def test_it_gives_no_second_answer_where_the_project_does_more(bot: Bot, ana: User) -> None:
    with pytest.raises(FrontdeskError, match="Begin an order"):
        set_answer(intent=intent(bot, "order"), texts=["A pizza it is."], by=ana)


def test_it_takes_its_answer_back(bot: Bot, ana: User) -> None:
    jobs = create_intent(bot=bot, name="jobs", by=ana)
    set_answer(intent=jobs, texts=["We hire bakers."], by=ana)
    set_answer(intent=jobs, texts=[], by=ana)
    assert "rules" not in files_of(bot)["data/taught.yml"]


def test_it_writes_down_all_that_a_rename_and_a_merge_change(bot: Bot, ana: User) -> None:
    create_intent(bot=bot, name="faq/open", by=None)
    save_response(bot=bot, name="utter_faq/open", variations=[{"text": "At nine."}], by=None)
    add_example(bot=bot, intent="order", text="where is my pizza")
    rename_intent(intent=intent(bot, "track"), name="follow", by=ana)
    rename_intent(intent=intent(bot, "faq/open"), name="faq/hours", by=ana)
    merge_intents(source=intent(bot, "follow"), target=intent(bot, "order"), by=ana)
    assert kept("variations", "utter_where")[0][1][0]["buttons"][0]["payload"] == '/follow{"size": "x"}'
    assert kept("name", "utter_faq/hours") == [["utter_faq/open", "utter_faq/hours"]]
    assert kept("intent", "track my order") == [["follow", "order"]]
    assert kept("intent", "where is my pizza") == [["follow", None]]


def test_it_writes_down_the_examples_of_a_deleted_intent(bot: Bot, ana: User) -> None:
    delete_intent(intent=intent(bot, "track"), by=ana)
    assert kept("intent", "track my order") == [["track", None]]


def kept(field: str, of: str) -> list[Any]:
    """What the audit log says of it."""
    return [
        entry.changes[field]
        for entry in LogEntry.objects.filter(object_repr=of).order_by("id")
        if field in entry.changes
    ]


def test_it_lets_nobody_save_an_example_of_an_intent_that_was_merged_meanwhile(bot: Bot, ana: User) -> None:
    row = add_example(bot=bot, intent="greet", text="hello over there", by=ana)
    seen = row.revision
    merge_intents(source=intent(bot, "greet"), target=intent(bot, "bye"), by=ana)
    with pytest.raises(ChangedMeanwhile):
        change_example(example=row, by=ana, revision=seen, intent="greet", text="hello there")
    assert not Intent.objects.filter(bot=bot, name="greet", deleted=None).exists()


def test_it_refuses_to_rename_where_the_answer_of_the_new_name_is_there(bot: Bot, ana: User) -> None:
    create_intent(bot=bot, name="faq/open", by=ana)
    for name in ("utter_faq/open", "utter_faq/hours"):
        save_response(bot=bot, name=name, variations=[{"text": "At nine."}], by=ana)
    with pytest.raises(FrontdeskError, match="utter_faq/hours already"):
        rename_intent(intent=intent(bot, "faq/open"), name="faq/hours", by=ana)
