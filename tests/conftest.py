"""The shared cast: conversations, a live installation, the starter assistant."""

from __future__ import annotations

import gc
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, sync_playwright

from assistant.engine import get_engine
from tests.running import Running
from tests.settings import MODE
from training.models import ModelVersion
from training.selectors import production

pytest_plugins = ["tests.shared", "tests.prepared", "tests.slices", "tests.times"]
if "MUTANT_UNDER_TEST" in os.environ:
    pytest_plugins += ["tests.mutants"]
BEN = """
from django.contrib.auth.models import User
User.objects.create_superuser("ben", "", "desk-of-ana", first_name="Ben")
"""


def pytest_configure() -> None:
    gc.disable()  # what is collected stays


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """PostgreSQL drops no database to which a thread that has ended still has a connection."""
    if nextitem is None:
        gc.collect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if MODE != "distributed":
        return
    missing = [url for url in (_server_of("DATABASE_URL"), _server_of("REDIS_URL")) if not _answers(url)]
    if missing:
        reason = (
            f"nothing answers at {', '.join(missing)}: start PostgreSQL and Redis, or set DATABASE_URL and REDIS_URL"
        )
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


def _server_of(name: str) -> str:
    return os.environ[name]


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    default = 6379 if parts.scheme.startswith("redis") else 5432
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((parts.hostname or "127.0.0.1", parts.port or default)) == 0


@pytest.fixture
def live_model(db: None) -> ModelVersion:
    """A version that answers in production. The fake engine takes it as it is."""
    return _activate_a_version()


@pytest.fixture
def lasting_model(transactional_db: None) -> ModelVersion:
    """The same for tests whose threads must see what others commit."""
    return _activate_a_version()


def _activate_a_version() -> ModelVersion:
    place = production()
    version = ModelVersion.objects.create(
        bot=place.bot, name="main-test", status=ModelVersion.Status.READY, history_turns=5
    )
    place.active_version = version
    place.save()
    return version


@pytest.fixture
def ana(db: None) -> User:
    """A member of staff who may do everything."""
    return User.objects.create_superuser("ana", "ana@example.com", "desk-of-ana")


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One installation with the fake engine, for tests that do not break it."""
    running = Running(tmp_path_factory.mktemp("live"), MODE, workers=1).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def ben(live: Running) -> str:
    """A colleague in that installation, by name."""
    live.manage("shell", "-v", "0", "-c", BEN)
    return "ben"


@pytest.fixture
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An installation of the test's own, to break."""
    running = Running(tmp_path_factory.mktemp("own"), MODE).start()
    yield running
    running.stop()


@pytest.fixture
def installation_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Running]]:
    """`installation_with(REST_TIMEOUT="1")`: one of the test's own with these settings, whose worker answers."""
    begun: list[Running] = []

    def begin(**extra: str) -> Running:
        begun.append(Running(tmp_path_factory.mktemp("own"), MODE, workers=1, extra=extra))
        begun[-1].start().post_until_answered("first", "hello")
        return begun[-1]

    yield begin
    for running in begun:
        running.stop()


@pytest.fixture
def starter(transactional_db: None, settings: Any) -> Iterator[Any]:
    """A conversation with the starter assistant on the real engine: `starter.say("hello")`."""
    from tests.starter import Talk

    settings.ASSISTANT_ENGINE = "tests.starter.rasa_engine"
    get_engine.cache_clear()
    yield Talk()
    get_engine.cache_clear()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")  # which draws its own windows, too
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()
