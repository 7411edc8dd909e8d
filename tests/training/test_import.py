"""`manage.py import_rasa_project`, mostly on the plain Rasa project in `pizzeria/`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from training.findings import Kind
from training.importing import files as importing_files
from training.importing.default_pipeline import default_config
from training.models import Bot, ModelVersion
from training.selectors import findings_of

PIZZERIA = Path(__file__).parent / "pizzeria"
SPACY = """\
language: en

pipeline:
- name: SpacyNLP
  model: en_core_web_md
- name: SpacyTokenizer

policies:
- name: RulePolicy
"""

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The pizzeria, to change."""
    return Path(shutil.copytree(PIZZERIA, tmp_path / "pizzeria"))


def imported(folder: Path, *options: str) -> str:
    """What the command says."""
    out = StringIO()
    call_command("import_rasa_project", str(folder), "--bot", "pizzeria", *options, stdout=out)
    return out.getvalue()


def refused(folder: Path, *options: str, code: int = 3) -> str:
    """What the command says where something stands in the way."""
    out = StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("import_rasa_project", str(folder), "--bot", "pizzeria", *options, stdout=out)
    assert raised.value.returncode == code
    return out.getvalue() + str(raised.value)


def files() -> dict[str, str]:
    return dict(Bot.objects.get(name="pizzeria").files.values_list("path", "text"))


def test_it_names_parameters_that_it_does_not_know_and_refuses_those_that_reach_out(project: Path) -> None:
    config = project / "config.yml"
    config.write_text("pipeline:\n- name: WhitespaceTokenizer\n  speed: fast\npolicies:\n- name: RulePolicy\n")
    assert "line 3: 'speed' is no known parameter of WhitespaceTokenizer" in imported(project)
    config.write_text(
        "pipeline:\n- name: ConveRTFeaturizer\n  model_url: /srv/graph\n- name: DIETClassifier\n  x: a/b\n"
    )
    said = refused(project)
    assert "line 2: 'ConveRTFeaturizer' runs what it fetches" in said
    assert "line 5: 'DIETClassifier' has no parameter 'x' here" in said


def test_it_imports_every_file_of_a_project() -> None:
    said = imported(PIZZERIA)
    assert sorted(files()) == [
        "config.yml",
        "data/orders.yaml",
        "data/small-talk/talk.yml",
        "domain/orders/order.yml",
        "domain/small_talk.yml",
        "tests/test_stories.yml",
    ]
    assert files()["data/orders.yaml"] == (PIZZERIA / "data" / "orders.yaml").read_text()
    assert "data/small-talk/talk.yml: imported 3 intents, 9 examples, 1 story, 2 rules\n" in said


def test_it_says_what_stays_behind_and_why() -> None:
    said = imported(PIZZERIA)
    assert "endpoints.yml: left out: this server's own settings" in said
    assert "credentials.yml: left out: it holds secrets" in said
    assert "actions/actions.py: left out, for Python does not come along: action_track\n" in said
    assert "  line 36: custom actions that no skill here has (each answers utter_default): action_track" in said


def test_it_takes_the_place_of_what_the_bot_had(project: Path) -> None:
    imported(project)
    (project / "tests" / "test_stories.yml").unlink()
    imported(project)
    assert len(files()) == 5
    assert Bot.objects.filter(name="pizzeria").count() == 1


def test_it_names_the_lines_to_blame_and_imports_the_rest(project: Path) -> None:
    (project / "config.yml").write_text(SPACY)
    said = refused(project, "--train")
    assert "config.yml: ! line 4: 'SpacyNLP' needs spacy, which is not installed here\n" in said
    assert "config.yml: ! line 6: 'SpacyTokenizer' needs spacy" in said
    assert "--default-pipeline" in said
    assert len(files()) == 5
    assert "config.yml" not in files()
    assert not ModelVersion.objects.exists()


def test_it_offers_the_default_pipeline(project: Path) -> None:
    (project / "config.yml").write_text(SPACY)
    imported(project, "--default-pipeline")
    config = files()["config.yml"]
    assert "Spacy" not in config
    assert "EmbeddingIntentClassifier" in config
    assert config.endswith("policies:\n- name: RulePolicy\n")
    assert config.startswith("language: en\n\npipeline:\n")


def test_it_keeps_finding_entities_with_the_default_pipeline(project: Path) -> None:
    imported(project, "--default-pipeline")
    names = ["RegexEntityExtractor", "CRFEntityExtractor", "EntitySynonymMapper"]
    config = files()["config.yml"]
    assert "".join(f"- name: {name}\n" for name in names) + "\npolicies:  # one of them learns" in config
    assert "LogisticRegressionClassifier" not in config


def test_it_takes_the_whole_default_config_where_there_is_none(project: Path) -> None:
    (project / "config.yml").unlink()
    assert "config.yml: ! there is none to train with" in refused(project)
    imported(project, "--default-pipeline")
    assert default_config().split("policies:")[1].strip() in files()["config.yml"]
    assert "EmbeddingIntentClassifier" in files()["config.yml"]


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ("pipeline:\n- name: WhitespaceTokenizer\n- name: os.system", 3),
        ("pipeline: [WhitespaceTokenizer,\n  my_package.Component]", 2),
        ("policies:\n  - name: RulePolicy\n  - name: policies.mine.Policy\n    priority: 1\n", 3),
        ("policies:\n- name: TEDPolicy\n  featurizer:\n  - name: evil.Featurizer\n", 4),
        ("importers:\n- name: MultiProjectImporter\n", 2),
        ("recipe: graph.v1\n", 1),
    ],
)
def test_it_takes_no_code_that_a_config_names(project: Path, config: str, line: int) -> None:
    (project / "config.yml").write_text(config)
    said = refused(project)
    assert f"config.yml: ! line {line}: " in said
    assert "config.yml" not in files()


def test_it_reads_anchors(project: Path) -> None:
    (project / "config.yml").write_text("x: &w WhitespaceTokenizer\npipeline:\n- name: *w\n- name: os.system\n")
    said = refused(project)
    assert said.count("config.yml: !") == 1
    assert "line 4: the component 'os.system'" in said


def test_it_enters_every_folder_of_the_data(project: Path) -> None:
    (project / "data" / "small-talk").rename(project / "data" / "models")
    imported(project)
    assert "data/models/talk.yml" in files()


def test_it_names_slots_whose_type_is_code(project: Path) -> None:
    (project / "domain" / "more.yml").write_text("slots:\n  evil:\n    type: evil.Slot\n    mappings: []\n")
    said = refused(project)
    assert "! line 3: the slot 'evil' is of type 'evil.Slot'" in said


def test_it_turns_duckling_off_until_staff_name_a_server(project: Path, settings: LazySettings) -> None:
    (project / "config.yml").write_text("pipeline:\n- name: DucklingEntityExtractor\n  url: http://169.254.169.254\n")
    assert "  line 2: DucklingEntityExtractor asks another server, so it is off" in imported(project)
    settings.DUCKLING_URL = "http://localhost:8000"
    assert "asks another server" not in imported(project)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("nlu:\n- intent: [", 3, "not YAML"),
        ("nlu: !!python/object/apply:os.system [true]", 1, "tag"),
        ("a: 1\nnlu: \x00", 2, "a character that YAML forbids"),
        ("nlu: " + "[" * 50_000, 1, "too deep"),
        ("- nlu", 1, "not a mapping"),
        (
            "a: &a [x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
            7,
            "too large",
        ),
    ],
    ids=["syntax", "tag", "character", "depth", "list", "bomb"],
)
def test_it_leaves_out_yaml_that_is_broken_or_hostile(project: Path, text: str, line: int, reason: str) -> None:
    (project / "data" / "odd.yml").write_text(text)
    said = refused(project)
    assert f"data/odd.yml: ! line {line}: left out: " in said
    assert reason in said
    assert "data/odd.yml" not in files()


def test_it_leaves_out_what_is_not_utf_8(project: Path) -> None:
    (project / "data" / "odd.yml").write_bytes("nlu: é".encode("latin-1"))
    assert "data/odd.yml: ! left out: it is not UTF-8\n" in refused(project)


def test_it_follows_no_link_out_of_the_project(project: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yml").write_text("nlu: []")
    (project / "data" / "link.yml").symlink_to(tmp_path / "secret.yml")
    (project / "data" / "more").symlink_to(tmp_path)
    (project / "data" / "inside.yml").symlink_to(project / "data" / "orders.yaml")
    said = refused(project)
    assert "data/link.yml: ! left out: a link that leads out of the project\n" in said
    assert "data/more: ! left out: links to folders are not followed\n" in said
    assert not {"data/link.yml", "data/more/secret.yml"} & set(files())
    assert "data/inside.yml" in files()


def test_it_gives_no_environment_variable_away(project: Path) -> None:
    (project / "domain" / "leak.yml").write_text("responses:\n  utter_leak:\n  - text: ${SECRET_KEY}\n")
    assert "  ! line 3: reads the environment variable SECRET_KEY" in refused(project)


def test_it_tells_formats_of_rasa_2_and_of_tomorrow(project: Path) -> None:
    (project / "data" / "old.yml").write_text('version: "2.0"\nnlu: []\n')
    (project / "data" / "new.yml").write_text('nlu: []\nversion: "4.0"\n')
    said = refused(project)
    assert "data/old.yml: imported\n  line 1: its format 2.0 is of Rasa 2" in said
    assert "data/new.yml: imported\n  ! line 2: its format 4.0 is newer" in said


def test_it_tells_markdown_of_rasa_1(project: Path) -> None:
    (project / "data" / "nlu.md").write_text("## intent:greet\n- hi\n")
    assert "data/nlu.md: ! left out: Markdown of Rasa 1" in refused(project)


def test_it_names_slots_that_have_no_mappings(project: Path) -> None:
    (project / "domain" / "old.yml").write_text("slots:\n  age:\n    type: float\n")
    assert "! line 1: slots without mappings" in refused(project)


def test_it_points_out_data_that_nothing_is_trained_on(project: Path) -> None:
    (project / "data" / "intents.yml").write_text("intents: [greet]\n")
    said = imported(project)
    assert "data/intents.yml: imported 1 intent\n  nothing in it is trained on: data/ is for nlu, responses" in said


def test_it_reads_one_domain_as_rasa_does(project: Path) -> None:
    shutil.copy(project / "domain" / "small_talk.yml", project / "domain.yml")
    said = imported(project)
    assert "domain/orders/order.yml: left out: with a domain.yml, Rasa does not read domain/\n" in said
    assert [path for path in files() if path.startswith("domain")] == ["domain.yml"]


def test_it_takes_the_other_ending_of_yaml_too(project: Path) -> None:
    (project / "config.yml").rename(project / "config.yaml")
    imported(project)
    assert "config.yml" in files()


@pytest.mark.parametrize("name", ["MAX_FILES", "MAX_PROJECT"])
def test_it_stops_at_a_folder_that_is_too_large(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(importing_files, name, 3)
    assert "has more than" in refused(PIZZERIA, code=1)
    assert not Bot.objects.filter(name="pizzeria").exists()


def test_it_leaves_out_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing_files, "MAX_FILE", 500)
    assert "data/orders.yaml: ! left out: larger than" in refused(PIZZERIA)


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: None])
def test_it_changes_nothing_where_there_is_no_project(tmp_path: Path, make: Callable[[Path], None]) -> None:
    imported(PIZZERIA)
    make(tmp_path / "empty")
    refused(tmp_path / "empty", code=1)
    assert len(files()) == 6


@pytest.mark.parametrize("name", ["Ünïcode", "two words", "../up", "x" * 61, ""])
def test_it_refuses_names_that_are_no_slug(name: str) -> None:
    with pytest.raises(CommandError, match="can't be a bot's name"):
        call_command("import_rasa_project", str(PIZZERIA), "--bot", name)
    assert not Bot.objects.exists()


def test_it_trains_and_activates_when_asked() -> None:
    said = imported(PIZZERIA, "--train", "--activate", "production")
    version = ModelVersion.objects.get(bot__name="pizzeria", status=ModelVersion.Status.READY)
    assert version.live_in.get().name == "production"
    assert version.name in said


def test_it_activates_nothing_that_it_has_not_trained() -> None:
    assert "--activate needs --train" in refused(PIZZERIA, "--activate", "production", code=1)
    assert not Bot.objects.exists()


EXPRESSIONS = r"""
version: "3.1"
nlu:
- regex: zip
  examples: |
    - \d{5}
    - ^(\w+\s?)*\d$
- regex: name
  examples:
  - (a|aa)+$
"""


def test_it_names_regular_expressions_that_never_end(project: Path) -> None:
    (project / "data" / "careless.yml").write_text(EXPRESSIONS)
    said = imported(project)
    assert r"line 7: the regular expression zip, ^(\w+\s?)*\d$: it takes years on some messages" in said
    assert "line 10: the regular expression name, (a|aa)+$: it takes years" in said
    assert r"\d{5}" not in said
    words = [finding.words for finding in findings_of(Bot.objects.get(name="pizzeria")) if finding.kind == Kind.ENDLESS]
    assert [each.partition(", takes years")[0] for each in words] == [
        "The regular expression zip in data/careless.yml, line 7",
        "The regular expression name in data/careless.yml, line 10",
    ]


def test_it_refuses_what_is_no_regular_expression_and_no_example(project: Path) -> None:
    text = EXPRESSIONS.replace("(a|aa)+$", "(a") + f"- intent: order\n  examples: |\n    - {'a' * 1_000_000}\n"
    (project / "data" / "careless.yml").write_text(text)
    said = refused(project)
    assert "! line 10: the regular expression name, (a: it is no regular expression: missing )" in said
    assert "! line 13: an example of order has 1,000,000 characters, of at most 4,000" in said
    assert "data/careless.yml" not in files()
