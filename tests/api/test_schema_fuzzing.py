"""Schemathesis tries everything that the schema allows, and some that it does not, on a running installation."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running import Running
from tests.settings import MODE

pytestmark = [pytest.mark.processes, pytest.mark.modes("embedded")]
# In an environment of its own: Rasa holds jsonschema back to a version that it can't use.
TOOL = [str(Path(sys.executable).parent / "uv"), "tool", "run", "--quiet", "--python", sys.executable]
SCHEMATHESIS = "schemathesis@4.2.0"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
PASSWORD = {"username": "admin", "password": "desk-of-ana"}

# What no request makes at once.
ONE_OF_EACH = """
from training.models import Evaluation, Job, ModelVersion, Synonym
from training.reports import report_of
for version in ModelVersion.objects.select_related("bot"):
    Job.objects.create(bot=version.bot, version=version, kind="check_data", status="done")
    Evaluation.objects.create(version=version, kind="held_out", report=report_of([]))
    Synonym.objects.create(bot=version.bot, value="two", text="a couple")
"""


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Of its own: what is tried deletes and renames things."""
    running = Running(tmp_path_factory.mktemp("fuzz"), MODE, workers=1, extra={"RATE_LIMIT_API": "off"}).start()
    for sender in ("sam", "rita", "wim"):
        running.post_until_answered(sender, "hello")
    running.manage("shell", "-v", "0", "-c", ONE_OF_EACH)
    yield running
    running.stop()


class Api:
    def __init__(self, url: str) -> None:
        self.url, self.token = url, ""
        self.token = self.call("v1/auth/login", PASSWORD)["access"]

    def call(self, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        raw = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/api/{path}", raw, headers)) as answer:
            return json.load(answer)

    def values(self, path: str, name: str) -> list[Any]:
        return [row[name] for row in self.call(f"v1/{path}?page_size=5")["results"]]


def told_what_is_there(schema: dict[str, Any], api: Api) -> dict[str, Any]:
    """Places in addresses take values that are there, so that more is tried than what a 404 says."""
    version = api.values("models", "name")[0]
    known = {
        "/conversations/": {"id": api.values("conversations", "id")},
        "/models/{name}": {"name": api.values("models", "name")},
        "/models/jobs/": {"id": api.values("models/jobs", "id")},
        "/evaluations/": {"id": api.values(f"models/{version}/evaluations", "id")},
        "/synonyms/": {"id": api.values("training-data/synonyms", "id")},
        "/examples/": {"id": api.values("training-data/examples", "id")},
        "/intents/": {"name": api.values("training-data/intents", "name")},
        "/responses/": {"name": api.values("training-data/responses", "name")},
    }
    for path, operations in schema["paths"].items():
        values = {name: found for part, names in known.items() if part in path for name, found in names.items()}
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path" and values.get(parameter["name"]):
                    parameter["schema"] = {"enum": values[parameter["name"]]}
    return schema


def test_it_keeps_its_promises(house: Running, tmp_path: Path) -> None:
    api = Api(house.url)
    (tmp_path / "schema.json").write_text(json.dumps(told_what_is_there(api.call("schema/"), api)))
    for methods, examples in (("--exclude-method", 14), ("--include-method", 6)):  # what is deleted is there no more
        done = tried(house, api, tmp_path, [methods, "DELETE", "--max-examples", str(examples)])
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Traceback" not in house.logs()


def tried(house: Running, api: Api, folder: Path, which: list[str]) -> subprocess.CompletedProcess[str]:
    asked = ["--url", house.url, "--phases", "fuzzing", "--seed", "7", "--checks", CHECKS, *which]
    quiet = ["--continue-on-failure", "--no-color", "-H", f"Authorization: Bearer {api.token}"]
    return subprocess.run(
        [*TOOL, SCHEMATHESIS, "run", "schema.json", *asked, *quiet],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
