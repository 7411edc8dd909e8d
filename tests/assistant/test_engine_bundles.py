"""What a bot may name in its YAML, and how a refusal reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from assistant.engine import Bundle, TrainingFailed
from assistant.engine.bundles import check_bundle, read_bundle, write_bundle
from assistant.engine.rasa_adapter.processes import check_project
from tests.assistant.engine_conversations import bundle

CONFIG = "recipe: default.v1\npipeline:\n- name: WhitespaceTokenizer\npolicies:\n- name: RulePolicy\n"


def test_it_takes_the_sample_bot() -> None:
    check_bundle(bundle())


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("config.yml", "pipeline:\n- name: evil.Component\n", "config.yml, line 2: the component 'evil.Component'"),
        ("config.yml", "pipeline: [WhitespaceTokenizer, os.system]\n", "line 1: the component 'os.system'"),
        ("config.yml", "policies:\n\n- name: evil.Policy\n", "config.yml, line 3: the policy 'evil.Policy'"),
        ("config.yml", "importers:\n- name: evil.Importer\n", "line 2: the importer 'evil.Importer'"),
        ("config.yml", "recipe: graph.v1\n", "line 1: the recipe 'graph.v1' is not supported"),
        ("config.yml", "pipeline:\n- name: SpacyNLP\n", "line 2: 'SpacyNLP' needs spacy, which is not installed"),
        ("config.yml", "pipeline:\n- name: [\n", "line 3: this is not valid YAML"),
        pytest.param("data/nlu.yml", "nlu: " + "[" * 1_000, "data/nlu.yml is nested too deeply", id="deep"),
        ("config.yml", "- pipeline\n", "config.yml, line 1: this is no list of settings"),
        (
            "config.yml",
            "policies:\n- name: TEDPolicy\n  featurizer:\n  - name: MaxHistoryTrackerFeaturizer\n"
            "    state_featurizer:\n    - name: evil.Featurizer\n",
            "line 6: the featurizer 'evil.Featurizer'",
        ),
        (
            "config.yml",
            "x: &x {name: evil.Component}\npipeline:\n- <<: *x\n",
            "line 1: the component 'evil.Component'",
        ),
        (
            "domain.yml",
            "slots:\n  a:\n    type: evil.Slot\n",
            "domain.yml, line 3: the slot 'a' is of type",
        ),
        ("domain/shop.yml", "slots: {a: {type: evil.Slot}}\n", "domain/shop.yml, line 1"),
        (
            "data/nlu.yml",
            '{"rasa_nlu_data": {"lookup_tables": []}}',
            "data/nlu.yml, line 1: 'rasa_nlu_data' is Rasa 1's",
        ),
        ("config.yml", "importers:\n- name: RasaFileImporter\n  domain_path: /etc\n", "line 3: the importer"),
        (
            "config.yml",
            "pipeline:\n- name: ConveRTFeaturizer\n  model_url: /srv/graph\n",
            "line 2: 'ConveRTFeaturizer' runs what it fetches",
        ),
        (
            "config.yml",
            "pipeline:\n- name: CountVectorsFeaturizer\n  epochs: 1\n- name: DIETClassifier\n  epochs: all\n",
            "line 5: the parameter 'epochs' of 'DIETClassifier' takes a whole number",
        ),
        (
            "config.yml",
            "policies:\n- name: TEDPolicy\n  tensorboard_log_directory: ./logs\n",
            "line 3: the parameter 'tensorboard_log_directory' of 'TEDPolicy' takes nothing here",
        ),
        (
            "config.yml",
            "pipeline:\n- name: WhitespaceTokenizer\n  dictionary_path: /etc/passwd\n",
            "line 3: 'WhitespaceTokenizer' has no parameter 'dictionary_path' here",
        ),
        ("config.yml", "pipeline:\n- name: CRFEntityExtractor\n  max_iterations: 1000000\n", "line 3"),
        (
            "config.yml",
            "policies:\n- &p\n  name: TEDPolicy\n  featurizer: [*p]\n",
            "line 3: the featurizer 'TEDPolicy'",
        ),
        ("config.yml", "pipeline: all\n", "line 1: 'pipeline' is no list"),
    ],
)
def test_it_names_file_and_line_of_what_it_refuses(path: str, text: str, words: str) -> None:
    with pytest.raises(TrainingFailed) as refusal:
        check_bundle(Bundle({"config.yml": CONFIG, path: text}))
    assert words in refusal.value.message


def test_it_takes_harmless_parameters_that_it_does_not_know() -> None:
    extra = (
        "- name: DIETClassifier\n  hidden_layers_sizes: {text: [256, 128]}\n  speed: fast\n  steps: [1, 2.5, null]\n"
    )
    check_bundle(Bundle({"config.yml": CONFIG.replace("policies", f"{extra}policies")}))


def test_it_wants_a_config() -> None:
    with pytest.raises(TrainingFailed, match=r"no config\.yml"):
        check_bundle(Bundle({"domain.yml": ""}))


@pytest.mark.parametrize("path", ["../outside.yml", "/etc/cron.d/evil.yml", "data\\outside.yml", ""])
def test_it_writes_nothing_outside_its_folder(path: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="is not allowed"):
        write_bundle(Bundle({"config.yml": CONFIG, path: ""}), tmp_path / "project")
    assert not list(tmp_path.iterdir())


def test_it_reads_what_it_wrote(tmp_path: Path) -> None:
    write_bundle(bundle(), tmp_path)
    assert read_bundle(tmp_path) == bundle()


def test_it_leaves_duckling_out_until_staff_give_its_address(tmp_path: Path, settings: Settings) -> None:
    project = Bundle({"config.yml": CONFIG.replace("policies", "- name: DucklingEntityExtractor\npolicies")})
    write_bundle(project, tmp_path / "off")
    check_project.main(tmp_path / "off")
    settings.DUCKLING_URL = "http://duckling:8000"
    write_bundle(project, tmp_path / "on")
    check_project.main(tmp_path / "on")
    assert "Duckling" not in (tmp_path / "off" / "config.yml").read_text()
    assert "Duckling" in (tmp_path / "on" / "config.yml").read_text()


def test_it_tells_its_parent_what_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_bundle(Bundle({"config.yml": "recipe: graph.v1\n"}), tmp_path)
    with pytest.raises(SystemExit):
        check_project.main(tmp_path)
    assert "the recipe 'graph.v1' is not supported" in json.loads(capsys.readouterr().out)["error"]
