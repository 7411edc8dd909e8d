"""Sentence embeddings: the known model's own vectors, at any batch size, from any thread or number of processes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings

from assistant import embeddings
from assistant.embeddings import Embedder, embed, embed_layers

CATS = ["what is your favourite cat?", "which cat do you like best"]
TEXTS = [f"the {word} of question {number}" for number in range(20) for word in ("price", "colour", "long long story")]


@pytest.fixture
def kept(settings: LazySettings) -> Path:
    """Where the graph lies already."""
    embed(CATS)
    return Path(settings.EMBEDDINGS_DIR)


def test_it_gives_nearly_the_models_own_vectors() -> None:
    """0.8417 with weights of 32 bits."""
    first, second = embed(CATS)
    assert first @ second == pytest.approx(0.8417, abs=0.02)


def test_it_keeps_texts_apart_of_which_it_knows_no_piece() -> None:
    vectors = embed(["🙂🙂🙂", "zzzz😡", "A" * 3900, "what a lovely day"])
    assert np.abs(vectors @ vectors.T - np.eye(4)).max() < 0.3
    np.testing.assert_array_equal(embed(["🙂🙂🙂"]), vectors[:1])


def test_it_gives_float32_rows_of_length_one() -> None:
    vectors = embed(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (60, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_it_gives_no_rows_for_no_texts() -> None:
    assert embed([]).shape == (0, 384)


@pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800 half a pair", "🙂", "word " * 4000])
def test_it_takes_any_text(text: str) -> None:
    assert np.isfinite(embed([text])).all()


def test_it_reads_the_first_256_pieces() -> None:
    start = "word " * 254
    np.testing.assert_allclose(embed([start + "cat"]), embed([start + "dog"]), atol=1e-5)


def test_it_does_not_mind_the_company_of_a_text() -> None:
    together = embed_layers(TEXTS)
    alone = np.concatenate([embed_layers([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_it_ends_its_layers_with_the_sentence() -> None:
    layers = embed_layers(CATS)
    assert layers.shape == (2, 4, 384)
    np.testing.assert_array_equal(layers[:, -1], embed(CATS))


def test_it_says_the_same_again(kept: Path) -> None:
    np.testing.assert_array_equal(Embedder(kept).embed_layers(CATS), Embedder(kept).embed_layers(CATS))


def test_it_can_be_asked_by_many_threads(kept: Path) -> None:
    embedder = Embedder(kept)
    expected = embedder.embed_layers(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: embedder.embed_layers([text])[0], TEXTS * 3))
    np.testing.assert_allclose(np.stack(found), np.concatenate([expected] * 3), atol=1e-5)


def test_it_gives_each_asker_vectors_of_its_own(kept: Path) -> None:
    embedder = Embedder(kept)
    expected = embedder.embed_layers(CATS).copy()
    embedder.embed_layers(CATS)[:] = 0
    np.testing.assert_array_equal(embedder.embed_layers(CATS), expected)


def test_it_remembers_a_bounded_number_of_texts(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "CACHED_TEXTS", 3)
    embedder = Embedder(kept)
    for text in TEXTS[:10]:
        embedder.embed_layers([text])
    assert list(embedder._cache) == TEXTS[7:10]


def test_it_builds_the_graph_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "_build", lambda *_: pytest.fail("built again"))
    assert Embedder(kept).embed_layers(["hi"]).shape == (1, 4, 384)


def test_it_refuses_other_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"not what we tested with")
    monkeypatch.setattr(embeddings, "_model_file", lambda _: weights)
    with pytest.raises(embeddings.WeightsMissing, match="not the file"):
        Embedder(tmp_path / "new")


def test_it_builds_a_damaged_graph_again_in_several_processes_at_once(kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    (graph,), (recorded,) = tmp_path.glob("*.onnx"), tmp_path.glob("*.sha256")
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-1])
    code = f"from pathlib import Path; from assistant.embeddings import Embedder as E; E(Path({str(tmp_path)!r}))"
    builders = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [builder.wait(120) for builder in builders] == [0, 0]
    assert sorted(tmp_path.iterdir()) == sorted([graph, recorded])
    assert graph.read_bytes() == whole


def test_it_costs_nothing_to_import() -> None:
    code = "import sys, assistant.embeddings; print({'onnx', 'onnxruntime', 'tokenizers', 'django'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
