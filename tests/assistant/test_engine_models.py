"""Which models stay in memory, and what a conversation is that began with another one."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.engine import Model, ModelRefused, TurnTimeout
from assistant.engine.types import Engine
from tests.assistant.engine_conversations import Talk, texts

pytestmark = pytest.mark.rasa


@pytest.fixture
def models() -> Any:
    """Loads nothing real: a model whose name begins with `tf` uses TensorFlow, one with `slow` takes its time."""
    import assistant.engine.rasa_adapter.engine  # noqa: F401  it imports Rasa quietly
    from assistant.engine.rasa_adapter.loaded_models import LoadedModel, LoadedModels

    class Stand(LoadedModels):
        loaded: list[str] = []

        def _loaded(self, model: Model, folder: Path) -> LoadedModel:
            time.sleep(0.3 if "slow" in model.version else 0)
            if "bad" in model.version:
                raise ModelRefused("bad")
            self.loaded = [*self.loaded, model.version]
            if model.version.startswith("tf"):
                self._make_room_for_tensorflow()
            return LoadedModel(processor=None, max_history=None, uses_tensorflow=model.version.startswith("tf"))

    return Stand()


def _model(name: str) -> Model:
    return Model(name, Path(name), name, "")


def _use(models: Any, name: str, timeout: float = 5) -> None:
    with models.use(_model(name), timeout):
        pass


def test_it_keeps_four_models_and_drops_the_least_recently_used(models: Any) -> None:
    for name in ("a", "b", "c", "d", "a", "e"):
        _use(models, name)
    assert set(models._futures) == {"a", "c", "d", "e"}


def test_it_keeps_a_model_that_is_in_use(models: Any) -> None:
    with models.use(_model("a"), 5):
        for name in "bcdef":
            _use(models, name)
        assert "a" in models._futures


@pytest.mark.clock
def test_it_answers_with_the_old_model_while_the_new_one_loads(models: Any) -> None:
    _use(models, "old")
    loading = threading.Thread(target=_use, args=(models, "slow"))
    loading.start()
    started = time.monotonic()
    _use(models, "old")
    took = time.monotonic() - started
    loading.join()
    assert took < 0.2


def test_it_gives_up_waiting_but_goes_on_loading(models: Any) -> None:
    with pytest.raises(TurnTimeout):
        _use(models, "slow", timeout=0.01)
    _use(models, "slow")
    assert models.loaded == ["slow"]


def test_it_tries_a_refused_model_again(models: Any) -> None:
    for _ in range(2):
        with pytest.raises(ModelRefused):
            _use(models, "bad")


def test_it_holds_one_tensorflow_model_at_a_time(models: Any) -> None:
    first = models.use(_model("tf-1"), 5)
    first.__enter__()
    second = threading.Thread(target=_use, args=(models, "tf-2"))
    second.start()
    second.join(0.2)
    assert second.is_alive()
    first.__exit__(None, None, None)
    second.join(5)
    assert set(models._futures) == {"tf-2"}


def test_it_refuses_a_model_that_somebody_changed(rasa_engine: Engine, sample: Model, tmp_path: Path) -> None:
    changed = tmp_path / "changed.tar.gz"
    changed.write_bytes(sample.path.read_bytes() + b"\0")
    with pytest.raises(ModelRefused):
        rasa_engine.load(replace(sample, path=changed, sha256=f"{sample.sha256[:-1]}x"))


def test_it_goes_on_where_another_model_left_a_form_open(rasa_engine: Engine, sample: Model) -> None:
    talk = Talk(rasa_engine, sample, "switched")
    talk.say("book a table")
    snapshot = str(talk.turns[-1][1]).replace("table_form", "form_of_another_model")
    talk.turns[-1] = (len(talk.events), eval(snapshot))
    rasa_engine._trackers._kept.clear()
    assert texts(talk.say("opening hours"))[0] == "Nine to five."
