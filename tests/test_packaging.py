"""What is shipped fits together: compose.yaml, Procfile, Dockerfile, nginx and the settings they feed."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import Any

import pytest
import yaml
from celery.app.utils import find_app
from django.conf import settings
from django.core.management import get_commands

from tests.running import ROOT

# Read by the programs in other images, not by us.
FOREIGN = {"postgres", "redis", "chroma", "nginx"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    return compose["services"]


@pytest.fixture(scope="module")
def ours(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if name not in FOREIGN}


def test_it_starts_after_services_that_exist(services: dict[str, Any]) -> None:
    wanted = {name for service in services.values() for name in service.get("depends_on", {})}
    assert wanted <= set(services)


def test_it_waits_for_health_where_there_is_a_health_check(services: dict[str, Any]) -> None:
    waits = [
        name
        for service in services.values()
        for name, wish in service.get("depends_on", {}).items()
        if wish["condition"] == "service_healthy"
    ]
    assert [name for name in waits if "test" not in services[name].get("healthcheck", {})] == []


def test_it_mounts_secrets_and_volumes_that_exist(compose: dict[str, Any], services: dict[str, Any]) -> None:
    for service in services.values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert source in compose["volumes"] or (ROOT / source).exists()


def test_it_makes_the_secrets_that_compose_mounts(compose: dict[str, Any]) -> None:
    made = set(re.findall(r"^keep (\S+)", (ROOT / "deploy/make_secrets.sh").read_text(), re.M))
    assert {f"./var/secrets/{name}" for name in made} == {secret["file"] for secret in compose["secrets"].values()}


def test_it_sets_only_what_the_settings_read(ours: dict[str, Any]) -> None:
    text = (ROOT / "assistant/settings.py").read_text()
    read = set(re.findall(r"env(?:\.\w+)?\(\s*\"(\w+)\"", text))
    names = {name.removesuffix("_FILE") for service in ours.values() for name in service["environment"]}
    assert names <= read | {"TMPDIR"}  # that one Python reads itself


def test_it_spools_uploads_where_the_settings_make_a_folder(ours: dict[str, Any]) -> None:
    (folder,) = re.findall(r"VAR_DIR=(\S+)", (ROOT / "Dockerfile").read_text())
    assert ours["web"]["environment"]["TMPDIR"] == f"{folder}/{settings.FILE_UPLOAD_TEMP_DIR.name}"


def test_it_runs_commands_that_exist(ours: dict[str, Any]) -> None:
    commands = [words for service in ours.values() for words in _commands(service["command"])]
    commands += [words for line in _procfile().values() for words in _commands(line)]
    commands += _commands(re.findall(r"^CMD (\[.+\])", (ROOT / "Dockerfile").read_text(), re.M)[-1])
    assert [words for words in commands if not _exists(words)] == []


def test_it_runs_the_same_parts_by_procfile_and_compose(ours: dict[str, Any]) -> None:
    assert set(_procfile()) == set(ours) - {"migrate"}
    for name in ("chat", "training"):
        assert _celery_flags(_procfile()[name]) == _celery_flags(ours[name]["command"])


def test_it_has_a_worker_for_every_queue(ours: dict[str, Any]) -> None:
    routes = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    queues = {settings.CELERY_TASK_DEFAULT_QUEUE, *routes}
    flags = " ".join(str(service["command"]) for service in ours.values())
    assert {queue for queue in queues if f"-Q {queue} " not in flags} == set()


def test_it_agrees_on_ports(services: dict[str, Any]) -> None:
    nginx = (ROOT / "deploy/nginx.conf").read_text()
    listens = re.search(r"listen (\d+);", nginx)
    passes = re.search(r"http://(\w+):(\d+);", nginx)
    assert listens
    assert passes
    assert services["nginx"]["ports"][0].split(":")[-1] == listens[1]
    assert passes[1] in services
    assert services["web"]["command"][-1] == passes[2]
    assert f"127.0.0.1:{passes[2]}/" in (ROOT / "deploy/healthy.py").read_text()
    assert f"EXPOSE {passes[2]}" in (ROOT / "Dockerfile").read_text()


def test_it_trusts_as_many_proxies_as_stand_in_front(ours: dict[str, Any]) -> None:
    assert ours["web"]["environment"]["TRUSTED_PROXIES"] == "1"


def test_it_lets_a_rest_caller_wait_longer_at_nginx_than_at_the_server() -> None:
    waits = [
        int(seconds) for seconds in re.findall(r"proxy_read_timeout (\d+)s", (ROOT / "deploy/nginx.conf").read_text())
    ]
    assert min(waits) > settings.REST_TIMEOUT


def test_it_copies_every_app_into_the_image() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert apps | {"manage.py", "requirements.txt", "requirements-weights.txt", "templates", "static", "deploy"} <= kept


def test_it_pins_every_image(services: dict[str, Any]) -> None:
    images = [service["image"] for name, service in services.items() if name in FOREIGN]
    assert [image for image in images if not re.search(r":\d", image)] == []


def test_it_finds_python_without_a_path_or_says_what_to_install() -> None:
    done = subprocess.run(
        ["/bin/sh", "deploy/find_python.sh"], cwd=ROOT, env={"PYTHON": "/bin/false"}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "Python 3.10" in done.stderr


def test_it_lists_every_make_target_in_its_help() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", text, re.M)
    assert phony
    shown = set(re.findall(r'^\t@echo "make (\w+)', text, re.M))
    assert set(phony[1].split()) - shown == {"help"}


def _procfile() -> dict[str, str]:
    lines = [line for line in (ROOT / "Procfile").read_text().splitlines() if ":" in line and not line.startswith("#")]
    return {name: command.strip() for name, command in (line.split(":", 1) for line in lines)}


def _commands(command: str | list[str]) -> list[list[str]]:
    """Lists of words; `sh -c 'a && b'` are two."""
    words = command if isinstance(command, list) else _words(command)
    if words[:2] == ["sh", "-c"]:
        return [shlex.split(part) for part in words[2].split("&&")]
    return [words]


def _words(command: str) -> list[str]:
    return yaml.safe_load(command) if command.startswith("[") else shlex.split(command)


def _exists(words: list[str]) -> bool:
    if "manage.py" in words:
        return words[words.index("manage.py") + 1] in get_commands()
    return "celery" in words and find_app(words[words.index("-A") + 1]).main == "frontdesk"


def _celery_flags(command: str) -> list[str]:
    words = shlex.split(command)
    return words[words.index("-A") :]
