"""What is found wrong with training data, and what makes it go."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User

from tests.training.conftest import CONFIG, make_trainable_bot
from training.findings import CheckedData, CheckedExample, Finding, Kind, findings_in
from training.models import MAIN, Bot, Evaluation, ModelVersion
from training.selectors import findings_of, near_examples
from training.selectors.findings import errors_of, f1_of
from training.services import (
    add_example,
    change_example,
    confirm_examples,
    create_intent,
    delete_examples,
    embed_examples,
    move_examples,
    rename_intent,
    save_synonym,
    set_answer,
    sync_with_files,
)


def rows(*pairs: tuple[str, str]) -> list[CheckedExample]:
    return [CheckedExample(number, intent, text, text.lower()) for number, (intent, text) in enumerate(pairs, 1)]


def many(intent: str, count: int) -> list[tuple[str, str]]:
    return [(intent, f"{intent} {number}") for number in range(count)]


def found(kind: Kind, **given: Any) -> list[Finding]:
    return [finding for finding in findings_in(CheckedData(**given)) if finding.kind == kind]


def test_it_finds_a_text_under_two_intents() -> None:
    (finding,) = found(Kind.SAME_TEXT, rows=rows(("greet", "Hello"), ("bye", "hello"), ("bye", "see you")))
    assert (finding.examples, finding.intents) == ((1, 2), ("greet", "bye"))


def test_it_finds_texts_that_mean_the_same_under_two_intents() -> None:
    data = rows(("greet", "hello"), ("bye", "hi"), ("greet", "hey"), ("bye", "👍"), ("greet", "👎"))
    vectors = np.array([[1, 0], [1, 0.1], [1, 0], [0, 1], [0, 1]], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = found(Kind.NEAR, rows=data, ids=[1, 2, 3, 4, 5], vectors=vectors)
    assert [finding.examples for finding in near] == [(1, 2), (2, 3)]


def test_it_wants_more_examples_of_what_is_understood_badly() -> None:
    data = rows(*many("few", 4), *many("enough", 10), *many("known", 4), *many("unknown", 4), *many("one", 1))
    few = found(Kind.FEW, rows=data, f1={"known": 0.95, "unknown": 0.4, "one": 1.0})
    assert [finding.intents[0] for finding in few] == ["one", "few", "unknown"]


def test_it_finds_labels_that_a_model_is_sure_are_wrong() -> None:
    data = rows(("greet", "bye now"), ("greet", "hello"), ("bye", "see you"))
    wrong = {"text": "bye now", "right": "greet", "guessed": "bye", "confidence": 0.97}
    unsure = {"text": "hello", "right": "greet", "guessed": "bye", "confidence": 0.4}
    gone = {"text": "moved since", "right": "greet", "guessed": "bye", "confidence": 0.99}
    (finding,) = found(Kind.LABEL, rows=data, intents=["greet", "bye"], errors=[wrong, unsure, gone])
    assert (finding.examples, finding.intents) == ((1,), ("greet", "bye"))


def test_it_finds_intents_that_are_taken_for_one_another() -> None:
    data = rows(*many("greet", 3), ("bye", "see you"))
    errors = [{"text": text, "right": name, "guessed": "bye", "confidence": 0.3} for name, text in many("greet", 3)]
    (finding,) = found(Kind.CONFUSED, rows=data, intents=["greet", "bye"], errors=errors)
    assert (finding.intents, len(finding.examples)) == (("greet", "bye"), 3)


def test_it_finds_what_nothing_answers_and_nothing_says() -> None:
    data = rows(("greet", "hello"), ("jobs", "do you hire"), ("faq/hours", "when"), ("out_of_scope", "moon"))
    given: dict[str, Any] = {"rows": data, "answered": frozenset({"greet", "faq"}), "said": frozenset({"utter_faq"})}
    assert [it.intents for it in found(Kind.UNANSWERED, **given)] == [("jobs",)]
    responses = ["utter_faq/hours", "utter_old"]
    assert [it.responses for it in found(Kind.UNUSED_RESPONSE, **given, responses=responses)] == [("utter_old",)]


def test_it_finds_intents_of_rules_without_examples() -> None:
    given = {
        "rows": rows(("faq/hours", "when")),
        "intents": ["idle"],
        "asked": frozenset({"faq", "track", "nlu_fallback"}),
    }
    assert [it.intents for it in found(Kind.NO_EXAMPLES, **given)] == [("track",), ("idle",)]


@pytest.mark.django_db
def test_it_finds_nothing_wrong_with_the_starter() -> None:
    bot = Bot.objects.create(name=MAIN)
    sync_with_files(bot=bot)
    assert findings_of(bot) == []


@pytest.mark.django_db
def test_it_finds_entities_and_synonyms_that_the_pipeline_makes_nothing_of() -> None:
    bot = make_trainable_bot().bot
    span = [{"start": 0, "end": 5, "entity": "word"}]
    row = add_example(bot=bot, intent="greet", text="hello there", entities=span)
    save_synonym(bot=bot, value="New York", text="NYC", by=None)
    assert kinds(bot) >= {Kind.ENTITIES_UNUSED, Kind.SYNONYMS_UNUSED}
    names = (
        "LexicalSyntacticFeaturizer",
        "CRFEntityExtractor",
        "rasa.nlu.extractors.entity_synonyms.EntitySynonymMapper",
    )
    more = "".join(f"- name: {name}\n" for name in names)
    bot.files.filter(path="config.yml").update(text=CONFIG.replace("policies:", f"{more}policies:"))
    change_example(example=row, by=None, revision=1, text="hello")
    assert not kinds(bot) & {Kind.ENTITIES_UNUSED, Kind.SYNONYMS_UNUSED}


@pytest.mark.django_db
def test_it_stops_finding_what_was_put_right(ana: User) -> None:
    bot = Bot.objects.create(name="shop")
    jobs = create_intent(bot=bot, name="jobs", by=ana)
    twin = add_example(bot=bot, intent="bye", text="hire me")
    for number in range(10):
        add_example(bot=bot, intent="jobs", text=f"do you hire {number}")
    add_example(bot=bot, intent="jobs", text="Hire me!")
    kinds = {finding.kind for finding in findings_of(bot)}
    assert kinds == {Kind.SAME_TEXT, Kind.UNANSWERED, Kind.FEW}
    delete_examples(ids=[twin.pk], by=ana)
    set_answer(intent=jobs, texts=["We do."], by=ana)
    assert [finding.intents for finding in findings_of(bot)] == [("bye",)]


@pytest.mark.django_db
def test_it_reads_the_newest_cross_validation() -> None:
    bot = Bot.objects.create(name="shop")
    for name, text in many("jobs", 5) + many("bye", 5):
        add_example(bot=bot, intent=name, text=text)
    version = ModelVersion.objects.create(bot=bot, name="shop-1")
    error = {"text": "jobs 1", "right": "jobs", "guessed": "bye", "confidence": 0.9}
    intents = [{"name": "jobs", "support": 5, "f1": [0.9, 0.7, 1.0]}, {"name": "bye", "support": 5, "f1": None}]
    report = {"errors": [error], "intents": intents}
    Evaluation.objects.create(version=version, kind="cross_validation", report=report)
    assert {(it.kind, it.intents[0]) for it in findings_of(bot)} >= {(Kind.LABEL, "jobs"), (Kind.FEW, "bye")}
    assert (Kind.FEW, "jobs") not in {(it.kind, it.intents[0]) for it in findings_of(bot)}


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["text", "intent", "moved"])
def test_it_doubts_no_label_again_that_staff_call_right_until_it_changes(change: str) -> None:
    bot = Bot.objects.create(name="shop")
    row = add_example(bot=bot, intent="jobs", text="hire me")
    other = add_example(bot=bot, intent="bye", text="so long")
    version = ModelVersion.objects.create(bot=bot, name="shop-1")
    pairs = [("hire me", "jobs"), ("hire me", "bye"), ("hire you", "jobs")]
    errors = [{"text": text, "right": name, "guessed": "ask", "confidence": 0.99} for text, name in pairs]
    create_intent(bot=bot, name="ask", by=None)
    Evaluation.objects.create(version=version, kind="cross_validation", report={"errors": errors})
    assert Kind.LABEL in kinds(bot)
    confirm_examples(ids=[row.pk], by=None)
    assert Kind.LABEL not in kinds(bot)
    if change == "moved":
        move_examples(ids=[row.pk], intent=other.intent.name, by=None)
    else:
        change_example(example=row, by=None, revision=2, **{change: {"text": "hire you", "intent": "bye"}[change]})
    assert Kind.LABEL in kinds(bot)


def kinds(bot: Bot) -> set[Kind]:
    return {finding.kind for finding in findings_of(bot)}


@pytest.mark.django_db
def test_it_knows_a_renamed_intent_in_the_cross_validation() -> None:
    bot = Bot.objects.create(name="shop")
    row = add_example(bot=bot, intent="jobs", text="hire me")
    version = ModelVersion.objects.create(bot=bot, name="shop-1")
    error = {"text": "hire me", "right": "jobs", "guessed": "bye", "confidence": 0.9}
    report = {"errors": [error], "intents": [{"name": "jobs", "support": 5, "f1": [0.9, 0.7, 1.0]}]}
    tried = Evaluation.objects.create(version=version, kind="cross_validation", report=report)
    rename_intent(intent=row.intent, name="careers", by=None)
    assert f1_of(tried) == {"careers": 0.9}
    assert errors_of(tried) == [{**error, "right": "careers"}]


@pytest.mark.django_db
def test_it_finds_what_is_near_in_meaning() -> None:
    bot = Bot.objects.create(name="shop")
    for intent, text in [("hours", "when do you open"), ("jobs", "do you hire people"), ("price", "how much is it")]:
        add_example(bot=bot, intent=intent, text=text)
    before = near_examples(bot, "opening times?", limit=2)
    assert embed_examples(bot=bot) == 3
    assert embed_examples(bot=bot) == 0
    assert [near.example.text for near in before] == [
        near.example.text for near in near_examples(bot, "opening times?", 2)
    ]
    assert before[0].example.intent.name == "hours"
    assert before[0].similarity > before[1].similarity
