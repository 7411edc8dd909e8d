"""Trainings that fail, in words for staff."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from assistant.engine import Archive, Bundle, Progress, TrainingFailed
from assistant.engine.rasa_adapter.processes import parent
from tests.assistant.engine_conversations import bundle

CONTRADICTION = "\n- rule: another\n  steps: [{intent: hours}, {action: utter_bye}]\n"


def test_it_says_that_the_child_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "TRAIN", "no.such.module")
    with pytest.raises(TrainingFailed, match="stopped before its end"):
        parent.train(bundle(), tmp_path, "sample")
    assert list(tmp_path.iterdir()) == []


def test_it_hands_no_secret_to_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    environment = parent.child_environment(tmp_path)
    assert not {"OPENAI_API_KEY", "DATABASE_URL", "REDIS_URL", "REST_TOKEN"} & environment.keys()
    assert settings.SECRET_KEY not in environment.values()  # it has one of its own, which signs nothing
    assert str(settings.VAR_DIR) not in (environment["VAR_DIR"], environment["HOME"])


@pytest.mark.rasa
def test_it_imports_nothing_from_the_project(trained: tuple[Archive, list[Progress]]) -> None:
    """The sample was trained in a project full of modules that end whoever imports them."""
    assert trained[0].path.exists()


@pytest.mark.rasa
def test_it_says_which_rules_contradict_each_other(tmp_path: Path) -> None:
    files = dict(bundle().files)
    files["data/rules.yml"] += CONTRADICTION
    with pytest.raises(TrainingFailed) as failure:
        parent.train(Bundle(files), tmp_path, "sample")
    assert "'utter_bye' in rule 'another'" in failure.value.message
    assert str(tmp_path) not in failure.value.message


@pytest.mark.rasa
def test_it_names_file_and_line_of_bad_data(tmp_path: Path) -> None:
    files = {**bundle().files, "data/nlu.yml": 'version: "3.1"\nnlu:\n- intnt: hello\n'}
    with pytest.raises(TrainingFailed, match=r"data/nlu\.yml:3"):
        parent.train(Bundle(files), tmp_path, "sample")


@pytest.mark.rasa
def test_it_names_the_component_that_failed_and_why(tmp_path: Path) -> None:
    nlu = "nlu:\n- intent: greet\n  examples: |\n    - hello\n    - hi there\n"
    files = {"config.yml": bundle().files["config.yml"], "data/nlu.yml": nlu, "domain.yml": "intents: [greet]\n"}
    with pytest.raises(
        TrainingFailed, match=r"The component LogisticRegressionClassifier failed: .* at least 2 classes"
    ):
        parent.train(Bundle(files), tmp_path, "sample")
