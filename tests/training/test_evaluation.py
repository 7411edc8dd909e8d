"""The numbers of an evaluation, against scikit-learn's; and evaluations as they are asked for and written down."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from assistant.engine import Guess, Labelled
from assistant.lib.errors import FrontdeskError
from tests.training.conftest import TrainableBot
from training.models import Evaluation, Job
from training.reports import compare_reports, f1, proportion, report_of
from training.services import activate_version, request_evaluation, run_next_job, train_version

INTENTS = ["greet", "order", "goodbye", "ask_price"]
answers = st.lists(
    st.tuples(st.sampled_from(INTENTS), st.sampled_from([*INTENTS, "nlu_fallback"]), st.floats(0, 1)), min_size=1
)


def guessed(answers: list[tuple[str, str, float]]) -> list[Guess]:
    return [Guess(Labelled(f"text {n}", right), said, sure) for n, (right, said, sure) in enumerate(answers)]


@given(answers)
@settings(deadline=None)
def test_it_counts_as_scikit_learn_does(answers: list[tuple[str, str, float]]) -> None:
    report = report_of(guessed(answers))
    right, said = [a[0] for a in answers], [a[1] for a in answers]
    labels = report["labels"]
    theirs = precision_recall_fscore_support(right, said, labels=labels, zero_division=0)
    ours = [[(row[name] or [0])[0] for row in report["intents"]] for name in ("precision", "recall", "f1")]
    assert ours == [pytest.approx(column, abs=1e-5) for column in theirs[:3]]
    assert [row["support"] for row in report["intents"]] == list(theirs[3])
    assert report["accuracy"][0] == pytest.approx(accuracy_score(right, said), abs=1e-5)
    seen = sorted(set(right))
    macro = precision_recall_fscore_support(right, said, labels=seen, average="macro", zero_division=0)[2]
    assert report["macro_f1"] == pytest.approx(macro, abs=1e-5)
    matrix = confusion_matrix(right, said, labels=labels)
    assert {(r, g): n for r, g, n in report["confusion"]} == {
        (r, g): int(n) for r, row in enumerate(matrix) for g, n in enumerate(row) if n
    }


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400))
def test_it_gives_intervals_around_the_value(hits: int, wrong: int, missed: int) -> None:
    for interval in (proportion(hits, hits + wrong), f1(hits, wrong, missed)):
        if interval:
            value, low, high = interval
            assert 0 <= low <= value <= high <= 1
    assert (proportion(hits, hits + wrong) is None) == (hits + wrong == 0)


def test_it_gives_wilsons_interval() -> None:
    """Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20."""
    assert proportion(81, 263) == pytest.approx([0.3080, 0.2553, 0.3662], abs=1e-4)
    assert proportion(15, 148) == pytest.approx([0.1014, 0.0624, 0.1605], abs=1e-4)
    assert proportion(0, 20) == pytest.approx([0, 0, 0.1611], abs=1e-4)


def test_it_puts_the_most_confident_error_first() -> None:
    report = report_of(guessed([("greet", "order", 0.3), ("greet", "goodbye", 0.9), ("greet", "greet", 1.0)]))
    assert [(e["text"], e["guessed"]) for e in report["errors"]] == [("text 1", "goodbye"), ("text 0", "order")]


def test_it_counts_entities_by_name_and_place() -> None:
    is_ = [{"entity": "city", "start": 3, "end": 9}, {"entity": "day", "start": 10, "end": 13}]
    said = [{"entity": "city", "start": 3, "end": 9}, {"entity": "day", "start": 9, "end": 13}]
    report = report_of([Guess(Labelled("to London now", "go", is_), "go", 1.0, entities=said)])
    assert report["entities"] == [
        {"name": "city", "found": 1, "missed": 0, "invented": 0},
        {"name": "day", "found": 0, "missed": 1, "invented": 1},
    ]


def test_it_compares_two_versions_on_the_messages_that_both_were_asked() -> None:
    left = report_of(guessed([("greet", "order", 0.9), ("order", "order", 0.9), ("goodbye", "goodbye", 0.9)]))
    right = report_of(guessed([("greet", "greet", 0.9), ("order", "greet", 0.9)]))
    both = compare_reports(left, right)
    assert (both.shared, both.left[0], both.right[0], both.better, both.worse) == (2, 0.5, 0.5, 1, 1)
    assert [(c.text, c.right, c.guessed, c.better) for c in both.changes] == [
        ("text 1", "order", "greet", False),
        ("text 0", "greet", "order", True),
    ]
    assert both.intents == [("order", 1, 1.0, 0.0), ("greet", 1, 0.0, 1.0)]
    assert both.may_be_chance


def test_it_takes_many_changes_one_way_for_no_chance() -> None:
    worse, better = guessed([("greet", "order", 0.9)] * 8), guessed([("greet", "greet", 0.9)] * 8)
    assert not compare_reports(report_of(worse), report_of(better)).may_be_chance


# --- as jobs


def test_it_evaluates_a_new_version_on_what_was_held_out(trainable: TrainableBot) -> None:
    trainable.hold_out("greet", "good day to you")
    version = train_version(bot=trainable.bot)
    assert Job.objects.get(kind="evaluate").status == "queued"
    assert run_next_job("worker")
    evaluation = Evaluation.objects.get()
    assert (evaluation.version, evaluation.kind, evaluation.example_count) == (version, "held_out", 1)
    assert evaluation.report["errors"][0]["text"] == "good day to you"


def test_it_evaluates_the_live_version_on_the_same(trainable: TrainableBot) -> None:
    live = train_version(bot=trainable.bot)
    activate_version(version=live)
    trainable.hold_out("greet", "good day to you")
    train_version(bot=trainable.bot, note="newer")
    assert set(Job.objects.filter(kind="evaluate").values_list("version__note", flat=True)) == {"", "newer"}
    while run_next_job("worker"):
        pass
    train_version(bot=trainable.bot, note="newest")
    assert list(Job.objects.filter(status="queued").values_list("version__note", flat=True)) == ["newest"]


@pytest.mark.parametrize("text", ["hello", "Good-morning!"])
def test_it_asks_nothing_that_the_version_knows_by_heart(trainable: TrainableBot, text: str) -> None:
    version = train_version(bot=trainable.bot)
    trainable.hold_out("goodbye", text)
    with pytest.raises(FrontdeskError, match="No message is held out"):
        request_evaluation(version=version, kind="held_out", by=None)


def test_it_cross_validates_what_a_version_was_trained_on(trainable: TrainableBot) -> None:
    version = train_version(bot=trainable.bot)
    request_evaluation(version=version, kind="cross_validation", by=None)
    assert run_next_job("worker")
    evaluation = Evaluation.objects.get()
    assert (evaluation.folds, evaluation.seed) == (5, 0)
    assert evaluation.example_count == evaluation.report["count"] > 0


def test_it_evaluates_from_the_command_line(trainable: TrainableBot) -> None:
    train_version(bot=trainable.bot)
    trainable.hold_out("greet", "hello there everybody")
    out = io.StringIO()
    call_command("evaluate_model", bot="faq", stdout=out)
    assert "0 of 1 right, 0.0% (95 %: 0.0% to 79.3%)" in out.getvalue()
    call_command("evaluate_model", bot="faq", json=True, stdout=(out := io.StringIO()))
    assert json.loads(out.getvalue())["count"] == 1
