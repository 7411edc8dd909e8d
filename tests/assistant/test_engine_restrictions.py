"""What Rasa itself would import, fill in or call, whatever the lists before it let through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from pytest_django.fixtures import Settings

pytestmark = pytest.mark.rasa

SLOT = "version: '3.1'\nslots:\n  a:\n    type: {kind}\n    mappings: []\n"
TEXT = {"__loader__": "JsonNode", "__module__": "builtins", "__class__": "str", "content": '"x"', "__id__": 1}


@pytest.fixture(autouse=True)
def rasa() -> None:
    import assistant.engine.rasa_adapter.import_rasa  # noqa: F401


def test_it_imports_only_what_is_on_the_list() -> None:
    from rasa.engine.graph import GraphSchema
    from rasa.shared.core.domain import Domain
    from rasa.shared.exceptions import RasaException

    assert Domain.from_yaml(SLOT.format(kind="text")).slots
    with pytest.raises(RasaException, match=r"'subprocess\.Popen' is not allowed"):
        Domain.from_yaml(SLOT.format(kind="subprocess.Popen"))
    step = {"uses": "assistant.engine.rasa_adapter.components.np.ndarray", "resource": None}
    with pytest.raises(RasaException, match=r"np\.ndarray' is not allowed"):
        GraphSchema.from_dict({"nodes": {"step": step}})


@pytest.mark.parametrize("text", ["${HOME}", "Hello ${HOME} and welcome", "$HOME ${nothing}"])
def test_it_puts_no_environment_variable_into_a_bot(text: str) -> None:
    from rasa.shared.exceptions import RasaException
    from rasa.shared.utils.io import read_yaml

    assert read_yaml(f"text: '{text}'") == {"text": text}
    with pytest.raises(RasaException, match="reads an environment variable"):
        read_yaml(f"text: {text}")


def test_it_asks_duckling_where_the_operator_says_and_nowhere_else(settings: Settings) -> None:
    from rasa.nlu.extractors.duckling_entity_extractor import DucklingEntityExtractor

    extractor = DucklingEntityExtractor({"url": "http://169.254.169.254", "timeout": 3})
    assert extractor._url() is None
    settings.DUCKLING_URL = "http://duckling:8000"
    assert extractor._url() == "http://duckling:8000"


@pytest.mark.parametrize(
    "node",
    [
        {"__loader__": "OperatorFuncNode", "__module__": "builtins", "__class__": "methodcaller", "attrs": TEXT},
        {
            "__loader__": "MethodNode",
            "__module__": "builtins",
            "__class__": "str",
            "content": {"func": "x", "obj": TEXT},
        },
        {"__loader__": "ObjectNode", "__module__": "sklearn.pipeline", "__class__": "Pipeline", "content": TEXT},
        {"__loader__": "FunctionNode", "__module__": "numpy", "__class__": "add"},
        {"__loader__": "TypeNode", "__module__": "subprocess", "__class__": "Popen"},
    ],
    ids=lambda node: str(node["__loader__"]),
)
def test_it_makes_a_classifier_of_plain_values_only(node: dict[str, Any], tmp_path: Path) -> None:
    import numpy as np
    import skops.io
    from rasa.shared.exceptions import RasaException
    from sklearn.linear_model import LogisticRegression

    skops.io.dump(LogisticRegression().fit(np.eye(3), ["a", "b", "c"]), tmp_path / "good.skops")
    assert skops.io.get_untrusted_types(file=tmp_path / "good.skops") == []
    schema = {"protocol": 0, "__loader__": "ListNode", "__module__": "builtins", "__class__": "list", "content": [node]}
    with ZipFile(tmp_path / "evil.skops", "w") as parts:
        parts.writestr("schema.json", json.dumps(schema))
    with pytest.raises(RasaException, match=f"holds a {node['__loader__']}"):
        skops.io.get_untrusted_types(file=tmp_path / "evil.skops")
