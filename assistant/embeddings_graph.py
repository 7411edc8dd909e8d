"""all-MiniLM-L6-v2 as an ONNX graph, made straight from its weights. It needs neither PyTorch nor TensorFlow.

The graph uses ONNX Runtime's own fused operators (`com.microsoft`): half the nodes of plain ONNX and no optimiser pass.
Weights are whole numbers of seven bits, a scale for each column; what is multiplied with them gets its scale as it
comes. That halves the time, and questions are understood as before (docs/numbers.md). Seven, not eight: processors
without VNNI add two products in sixteen bits, which eight may overflow, and each machine would have vectors of its own.
Inputs: `ids` and `mask`, int32 of shape (batch, pieces), padded on the right.
Output: `layers`, float32 of shape (batch, len(LAYERS), WIDTH): the mean of the word pieces after each of LAYERS,
scaled to length one.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

FUSED = "com.microsoft"
BLOCKS = 6
HEADS = 12
WIDTH = 384
LAYERS = (0, 4, 5, 6)  # 0 is the input embedding; the last one is the sentence embedding
MAX_PIECES = 256
EPSILON = 1e-12


def build_graph(weights: Path) -> bytes:
    """A serialised ONNX model of the safetensors file `weights`."""
    model = _Builder(load_file(weights)).build()
    # ONNX Runtime warns of shapes that it can't infer and does not need, by way of the root logger itself. A filter is
    # not enough: NumPy's distutils, once Rasa has imported it, prints what comes to that logger.
    root = logging.getLogger()
    before, root.disabled = root.disabled, True
    try:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder, "model.onnx")
            quantize_dynamic(
                model,
                made,
                op_types_to_quantize=["MatMul", "Attention"],
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
                extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
            )
            return made.read_bytes()
    finally:
        root.disabled = before


class _Builder:
    def __init__(self, weights: dict[str, NDArray]) -> None:
        self._weights = weights
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def build(self) -> ModelProto:
        states = [self.embedding()]
        for block in range(BLOCKS):
            states.append(self.block(f"encoder.layer.{block}.", states[-1]))
        self.pool([states[layer] for layer in LAYERS])
        names = ("ids", "mask")
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, ["batch", "pieces"]) for name in names]
        output = helper.make_tensor_value_info("layers", TensorProto.FLOAT, ["batch", len(LAYERS), WIDTH])
        graph = helper.make_graph(self._nodes, "minilm", inputs, [output], self._constants)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def embedding(self) -> str:
        name = "embeddings."
        segment = self._weights[name + "token_type_embeddings.weight"][0]
        positions = self._weights[name + "position_embeddings.weight"][:MAX_PIECES] + segment
        words = self.weight(name + "word_embeddings.weight")
        norm = self.norm(name + "LayerNorm")
        inputs = ["ids", "", words, self.constant("positions", positions), "", *norm, "mask"]
        outputs = ["embedded", "lengths"]
        node = helper.make_node("EmbedLayerNormalization", inputs, outputs, "embedding", domain=FUSED, epsilon=EPSILON)
        self._nodes.append(node)
        return "embedded"

    def block(self, name: str, state: str) -> str:
        attended = self.attention(name + "attention.self.", state)
        attended = self.dense(name + "attention.output.dense", attended)
        state = self.add_and_norm(name + "attention.output.", state, attended)
        inner = self.dense(name + "intermediate.dense", state)
        inner = self.add("BiasGelu", [inner, self.weight(name + "intermediate.dense.bias")])
        return self.add_and_norm(name + "output.", state, self.dense(name + "output.dense", inner))

    def attention(self, name: str, state: str) -> str:
        parts = [name + part for part in ("query", "key", "value")]
        weight = np.concatenate([self._weights[part + ".weight"].T for part in parts], axis=1)
        bias = np.concatenate([self._weights[part + ".bias"] for part in parts])
        inputs = [state, self.constant(name + "weight", weight), self.constant(name + "bias", bias), "lengths"]
        return self.add("Attention", inputs, num_heads=HEADS)

    def dense(self, name: str, state: str) -> str:
        weight = self.constant(name + ".weight", self._weights[name + ".weight"].T)
        return self.add("MatMul", [state, weight], domain="")

    def add_and_norm(self, name: str, state: str, change: str) -> str:
        inputs = [state, change, *self.norm(name + "LayerNorm"), self.weight(name + "dense.bias")]
        return self.add("SkipLayerNormalization", inputs, epsilon=EPSILON)

    def pool(self, states: list[str]) -> None:
        """The sum over unmasked pieces: a mean, once its length is one."""
        mask = self.add("Cast", ["mask"], domain="", to=TensorProto.FLOAT)
        mask = self.add("Unsqueeze", [mask, self.constant("last", np.array([1]))], domain="")
        sums = [self.add("MatMul", [mask, state], domain="") for state in states]
        stacked = self.add("Concat", sums, domain="", axis=1)
        self._nodes.append(helper.make_node("LpNormalization", [stacked], ["layers"], "scaled", axis=-1, p=2))

    def norm(self, name: str) -> list[str]:
        return [self.weight(name + ".weight"), self.weight(name + ".bias")]

    def weight(self, name: str) -> str:
        return self.constant(name, self._weights[name])

    def constant(self, name: str, value: NDArray) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, inputs: list[str], domain: str = FUSED, **attributes: Any) -> str:
        output = f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], output, domain=domain, **attributes))
        return output
