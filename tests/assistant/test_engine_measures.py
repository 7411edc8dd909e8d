"""How good a model is: on labelled messages, and by cross-validation."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from assistant.engine import Bundle, Cancelled, Guess, Labelled, Model, Progress, TrainingFailed
from assistant.engine.cross_validation import stratified_folds
from assistant.engine.types import Engine
from tests.assistant.engine_conversations import Talk, bundle

MESSAGES = ["hello", "book a table", "a large one", "which key", "what on earth"]


def test_it_spreads_every_intent_over_the_folds() -> None:
    labels = ["a"] * 10 + ["b"] * 7 + ["c"] * 2 + ["alone"]
    folds = stratified_folds(labels, 5, seed=1)
    assert sorted(place for fold in folds for place in fold) == list(range(19))
    assert [Counter(labels[place] for place in fold)["a"] for fold in folds] == [2] * 5
    assert max(map(len, folds)) - min(map(len, folds)) <= 1
    assert folds == stratified_folds(labels, 5, seed=1) != stratified_folds(labels, 5, seed=2)


@pytest.mark.rasa
def test_it_guesses_what_it_would_parse(rasa_engine: Engine, sample: Model) -> None:
    reports: list[Progress] = []
    guesses = rasa_engine.evaluate(sample, [Labelled(text, "greet") for text in MESSAGES], reports.append)
    parses = [rasa_engine.parse(sample, text) for text in MESSAGES]
    assert [_essence(each) for each in guesses] == [_essence(each) for each in parses]
    assert [guess.right.text for guess in guesses] == MESSAGES
    assert (reports[0].done, reports[-1].done, reports[-1].total) == (0, 5, 5)


@pytest.mark.rasa
def test_it_stops_an_evaluation_that_nobody_wants_any_more(rasa_engine: Engine, sample: Model) -> None:
    def cancel(progress: Progress) -> None:
        raise Cancelled("Not any more.")

    with pytest.raises(Cancelled):
        rasa_engine.evaluate(sample, [Labelled("hello", "greet")] * 1_000, cancel)


@pytest.mark.clock
@pytest.mark.rasa
def test_it_answers_visitors_while_it_evaluates(rasa_engine: Engine, sample: Model) -> None:
    examples = [Labelled(f"hello {number}", "greet") for number in range(300)]
    evaluation = threading.Thread(target=rasa_engine.evaluate, args=(sample, examples))
    evaluation.start()
    started, talk = time.monotonic(), Talk(rasa_engine, sample, "visitor")
    for _ in range(5):
        talk.say("hello")
    took = time.monotonic() - started
    assert evaluation.is_alive()
    assert took < 1
    evaluation.join()


@pytest.mark.rasa
def test_it_cross_validates_the_same_again(rasa_engine: Engine) -> None:
    reports: list[Progress] = []
    first = rasa_engine.cross_validate(bundle(), 3, 1, reports.append)
    again = rasa_engine.cross_validate(bundle(), 3, 1)
    assert first == again
    steps = [each for each in reports if each.component]
    assert steps[-1].done == steps[-1].total == len(steps)
    assert {each.component.rpartition(", ")[2] for each in steps} == {f"fold {fold} of 3" for fold in (1, 2, 3)}
    _are_good_guesses(first)


def _are_good_guesses(guesses: list[Guess]) -> None:
    """Each example once, some right, some not: none was learned from its own fold."""
    assert len({(guess.right.intent, guess.right.text) for guess in guesses}) == len(guesses)
    right = [guess.intent == guess.right.intent for guess in guesses]
    assert 0.2 < sum(right) / len(right) < 1
    assert all(len(guess.ranking) <= 5 for guess in guesses)


@pytest.mark.rasa
def test_it_cannot_cross_validate_without_examples(rasa_engine: Engine) -> None:
    files = {**bundle().files, "data/nlu.yml": "nlu:\n- intent: greet\n  examples: |\n    - hello\n"}
    with pytest.raises(TrainingFailed, match="no two examples have the same intent"):
        rasa_engine.cross_validate(Bundle(files), 5, 1)


def _essence(guess: object) -> tuple[object, ...]:
    return guess.intent, guess.confidence, list(guess.ranking)[:5], guess.entities
