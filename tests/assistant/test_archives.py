"""Only archives that we signed, and that name nothing foreign, are loaded."""

from __future__ import annotations

import copy
import gzip
import io
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from assistant.engine import Model, ModelRefused, archives, tarballs
from tests.assistant.engine_conversations import recorded

NODE = {
    "uses": "rasa.nlu.classifiers.logistic_regression_classifier.LogisticRegressionClassifier",
    "constructor_name": "load",
    "fn": "process",
    "config": {},
    "resource": {"name": "train_LogisticRegressionClassifier3"},
}
CONVERT = "rasa.nlu.featurizers.dense_featurizer.convert_featurizer.ConveRTFeaturizer"
DIET = "rasa.nlu.classifiers.diet_classifier.DIETClassifier"
METADATA: dict[str, Any] = {
    "rasa_open_source_version": "3.6.21",
    "train_schema": {"nodes": {"classifier": NODE}},
    "predict_schema": {"nodes": {"classifier": NODE}},
    "domain": {"slots": {"size": {"type": "text"}}},
}


def test_it_takes_an_archive_that_we_signed(tmp_path: Path) -> None:
    contents = archives.check(recorded(_archive(tmp_path, ours={"probes": ["hello"]})))
    assert (contents.probes, contents.uses_tensorflow) == (("hello",), False)


def test_it_knows_that_a_model_uses_tensorflow(tmp_path: Path) -> None:
    node = _with_node(uses="rasa.nlu.classifiers.diet_classifier.DIETClassifier")
    assert archives.inspect(_archive(tmp_path, node)).uses_tensorflow


def test_it_refuses_a_missing_file(tmp_path: Path) -> None:
    _refuses(replace(recorded(_archive(tmp_path)), path=tmp_path / "gone.tar.gz"), "missing")


def test_it_refuses_a_changed_file(tmp_path: Path) -> None:
    model = recorded(_archive(tmp_path))
    model.path.write_bytes(model.path.read_bytes() + b"\0")
    _refuses(model, "changed")


def test_it_refuses_another_signature(tmp_path: Path, settings: Settings) -> None:
    model = recorded(_archive(tmp_path))
    _refuses(replace(model, signature=model.sha256), "signature")
    settings.SECRET_KEY = "another installation's key, which is long enough"
    _refuses(model, "signature")


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "components/../../outside", "a\\b"])
def test_it_refuses_a_path_that_leads_outside(tmp_path: Path, name: str) -> None:
    _refuses(recorded(_archive(tmp_path, extra=[tarfile.TarInfo(name)])), "unsafe path")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_it_refuses_links_and_devices(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("components/link")
    member.type, member.linkname = kind, "metadata.json"
    _refuses(recorded(_archive(tmp_path, extra=[member])), "link or a device")


def test_it_refuses_an_archive_that_inflates_too_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """By its own size, and by what the operator allows."""
    bomb = _archive(tmp_path, ours={"probes": ["a" * 100_000]})
    monkeypatch.setattr(tarballs, "ALWAYS", 50_000)
    _refuses(recorded(bomb), "unpacks to more than")
    monkeypatch.setattr(tarballs, "ALWAYS", 200_000)
    archives.inspect(bomb)
    settings.MODEL_UNPACKED_MB = 0.05
    _refuses(recorded(bomb), "unpacks to more than")


def test_it_refuses_an_archive_that_takes_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarballs, "SECONDS", 0)
    _refuses(recorded(_archive(tmp_path)), "too long")


def test_it_refuses_two_files_of_one_name(tmp_path: Path) -> None:
    _refuses(recorded(_archive(tmp_path, extra=[tarfile.TarInfo("./metadata.json")])), "twice: metadata.json")


def test_it_refuses_thousands_of_files(tmp_path: Path) -> None:
    many = [tarfile.TarInfo(f"components/{number}") for number in range(tarballs.MOST_MEMBERS)]
    _refuses(recorded(_archive(tmp_path, extra=many)), "too many files")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"size": 2**40}, "too large"),
        ({"size": 2**40, "type": tarfile.XHDTYPE}, "header that is too large|archive is too large"),
        ({"size": 2**25, "type": tarfile.XHDTYPE}, "header that is too large"),
        ({"size": 2**25, "type": tarfile.GNUTYPE_LONGNAME}, "header that is too large"),
        ({"size": -(2**20)}, "damaged|front to back"),
        ({"size": -512, "type": tarfile.XHDTYPE}, "damaged|front to back|header"),
    ],
)
def test_it_refuses_a_header_that_lies(tmp_path: Path, header: dict[str, Any], words: str) -> None:
    """A few bytes that would make a reader read without end, or in circles."""
    member = tarfile.TarInfo("components/bomb")
    member.size, member.type = header["size"], header.get("type", tarfile.REGTYPE)
    path = tmp_path / "model.tar.gz"
    path.write_bytes(gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(10_240)))
    _refuses(recorded(path), words)


@pytest.mark.parametrize(
    "content",
    [b"", b"not a tar", os.urandom(2_000), gzip.compress(b"not a tar" * 1_000)],
    ids=["nothing", "text", "noise", "compressed"],
)
def test_it_refuses_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(content)
    _refuses(recorded(path), "not a model archive|no readable metadata.json")


def test_it_refuses_half_an_archive(tmp_path: Path) -> None:
    path = _archive(tmp_path, ours={"probes": [os.urandom(5_000).hex()]})
    path.write_bytes(path.read_bytes()[:2_000])
    _refuses(recorded(path), "damaged")


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "{", "\udcff"], ids=["deep", "list", "broken", "no Unicode"])
def test_it_refuses_metadata_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        _add_text(tar, "metadata.json", text.encode("utf-8", "surrogateescape"))
    _refuses(recorded(path), "damaged|no readable metadata.json")


@pytest.mark.parametrize("version", ["2.8.34", "3.6.20", "3.5.99", "3.7.0", "4.0.0"])
def test_it_says_which_rasa_made_what_does_not_run_here(tmp_path: Path, version: str) -> None:
    metadata = {**METADATA, "rasa_open_source_version": version}
    _refuses(recorded(_archive(tmp_path, metadata)), rf"made by Rasa {version}; models of Rasa 3\.6\.21 run here")


@pytest.mark.parametrize("metadata", [{**METADATA, "rasa_open_source_version": None}, {"probes": []}])
def test_it_refuses_metadata_of_something_else(tmp_path: Path, metadata: dict[str, Any]) -> None:
    _refuses(recorded(_archive(tmp_path, metadata)), "which version")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"uses": "os.system"}, "os.system"),
        ({"uses": "evil.Component"}, "evil.Component"),
        ({"uses": "assistant.engine.archives.ArchiveContents"}, "not allowed"),
        ({"uses": "rasa.core.agent.Agent"}, "not allowed"),
        ({"fn": "__init__"}, "__init__"),
        ({"constructor_name": "__new__"}, "not allowed"),
        ({"resource": {"name": "../../outside"}}, "unsafe resource"),
        ({"config": {"featurizer": [{"name": "evil.Featurizer"}]}}, "evil.Featurizer"),
        ({"uses": "rasa.nlu.extractors.duckling_entity_extractor.DucklingEntityExtractor"}, "Duckling"),
        ({"uses": "rasa.nlu.utils.spacy_utils.SpacyNLP"}, "needs spacy, which is not installed here"),
        ({"uses": ["a", "list"]}, "not allowed"),
        ({"fn": {"a": "dictionary"}}, "not allowed"),
        ({"resource": "a text"}, "unreadable resource"),
        ({"config": {"featurizer": [{"name": ["a", "list"]}]}}, "not allowed"),
        ({"uses": "assistant.engine.rasa_adapter.components.np.ndarray"}, "not allowed"),
        ({"uses": "assistant.engine.rasa_adapter.nlu.kernel_ridge.Path"}, "not allowed"),
        ({"uses": "assistant.engine.rasa_adapter.components.Tokenizer"}, "not allowed"),
        ({"uses": CONVERT, "config": {"model_url": "http://evil.example/graph"}}, "off until OUTSIDE_COMPONENTS"),
        ({"uses": DIET, "config": {"tensorboard_log_directory": "/tmp"}}, "'tensorboard_log_directory'"),
        ({"uses": DIET, "config": {"epochs": 10**400}}, "'epochs' of 'DIETClassifier' takes a whole number"),
        ({"uses": DIET, "config": {"epochs": {"evil.Class": 1}}}, "takes a whole number"),
        ({"uses": DIET, "config": {"something": "evil.Class"}}, "no parameter 'something'"),
        ({"uses": DIET, "config": {"something": {"in": ["http://evil.example"]}}}, "no parameter 'something'"),
        ({"uses": DIET, "config": {"something": "../../var/secret-key"}}, "no parameter 'something'"),
        ({"uses": DIET, "config": {"something": "${SECRET_KEY}"}}, "no parameter 'something'"),
        ({"config": []}, None),
        ({"config": "a text"}, "unreadable"),
        ({"needs": ["a list"]}, "unreadable"),
        ({"module": "evil"}, "unreadable"),
    ],
)
def test_it_refuses_what_an_archive_may_not_run(tmp_path: Path, change: dict[str, Any], word: str | None) -> None:
    archive = _archive(tmp_path, _with_node(**change))
    if word:
        _refuses(recorded(archive), word)
    else:
        archives.inspect(archive)


@pytest.mark.parametrize(
    "name",
    [
        "components/train_LogisticRegressionClassifier3/classifier.pkl",
        "components/train_LogisticRegressionClassifier3/classifier.joblib",
        "components/train_LogisticRegressionClassifier3/saved_model.pb",
        "components/train_LogisticRegressionClassifier3/variables/variables.index",
        "components/train_LogisticRegressionClassifier3/DIETClassifier.tf_model.index",
        "components/another/classifier.skops",
        "sitecustomize.py",
        "evil/__init__.py",
    ],
)
def test_it_refuses_files_that_no_component_keeps(tmp_path: Path, name: str) -> None:
    _refuses(recorded(_archive(tmp_path, extra=[tarfile.TarInfo(name)])), "which no component of it keeps")


def test_it_takes_the_files_that_a_component_keeps(tmp_path: Path) -> None:
    folder = "components/train_LogisticRegressionClassifier3"
    archives.inspect(_archive(tmp_path, extra=[tarfile.TarInfo(f"{folder}/train_LogisticRegressionClassifier3.skops")]))


def test_it_reads_a_policys_own_copy_of_its_parameters(tmp_path: Path) -> None:
    """Rasa builds the network from it, whatever the graph says."""
    node = _with_node(uses="rasa.core.policies.ted_policy.TEDPolicy", resource={"name": "train_TEDPolicy0"})
    path = tmp_path / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        _add(tar, "metadata.json", node)
        _add(tar, "components/train_TEDPolicy0/ted_policy.meta.json", {"tensorboard_log_directory": "/etc/cron.d"})
    _refuses(recorded(path), "tensorboard_log_directory")


def test_it_allows_what_reaches_out_where_the_operator_turned_it_on(tmp_path: Path, settings: Settings) -> None:
    settings.OUTSIDE_COMPONENTS = ["ConveRTFeaturizer"]
    metadata = _with_node(uses=CONVERT, config={"model_url": "https://models.example.com/convert"})
    assert "ConveRTFeaturizer" in archives.inspect(_archive(tmp_path, metadata)).components


def test_it_refuses_a_slot_type_of_its_own(tmp_path: Path) -> None:
    metadata = {**METADATA, "domain": {"slots": {"size": {"type": "evil.Slot"}}}}
    _refuses(recorded(_archive(tmp_path, metadata)), "evil.Slot")


def test_it_allows_duckling_where_staff_gave_its_address(tmp_path: Path, settings: Settings) -> None:
    settings.DUCKLING_URL = "http://duckling:8000"
    metadata = _with_node(uses="rasa.nlu.extractors.duckling_entity_extractor.DucklingEntityExtractor")
    assert "DucklingEntityExtractor" in archives.check(recorded(_archive(tmp_path, metadata))).components


def test_it_allows_components_of_ours(tmp_path: Path) -> None:
    name = "assistant.engine.rasa_adapter.components.EmbeddingIntentClassifier"
    assert archives.inspect(_archive(tmp_path, _with_node(uses=name))).components == {"EmbeddingIntentClassifier"}


def _refuses(model: Model, word: str) -> None:
    with pytest.raises(ModelRefused, match=word):
        archives.check(model)


def _with_node(**change: Any) -> dict[str, Any]:
    metadata = copy.deepcopy(METADATA)
    metadata["predict_schema"]["nodes"]["classifier"].update(change)
    metadata["train_schema"]["nodes"]["classifier"].update(change)
    return metadata


def _archive(
    folder: Path,
    metadata: dict[str, Any] = METADATA,
    ours: dict[str, Any] | None = None,
    extra: list[tarfile.TarInfo] | None = None,
) -> Path:
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        _add(tar, "metadata.json", metadata)
        if ours:
            _add(tar, "frontdesk.json", ours)
        for member in extra or []:
            tar.addfile(member)
    return path


def _add(tar: tarfile.TarFile, name: str, content: dict[str, Any]) -> None:
    _add_text(tar, name, json.dumps(content).encode())


def _add_text(tar: tarfile.TarFile, name: str, text: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(text)
    tar.addfile(member, io.BytesIO(text))
