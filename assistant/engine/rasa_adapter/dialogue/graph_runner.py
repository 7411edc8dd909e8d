"""Runs a model's prediction graph without Dask: its order is found once, then it is a row of function calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage


@dataclass(frozen=True)
class Call:
    """One step of the graph. `needs`: its parameters, each with the node that gives it."""

    name: str
    function: Callable[..., Any]
    needs: tuple[tuple[str, str], ...]


class StraightRunner(GraphRunner):
    """A runner of Rasa's whose plan for each target is made once."""

    def __init__(self, schema: GraphSchema, nodes: Mapping[str, GraphNode]) -> None:
        self.schema, self.nodes = schema, nodes
        self._plans: dict[str, list[Call]] = {}

    @classmethod
    def create(
        cls,
        graph_schema: GraphSchema,
        model_storage: ModelStorage,
        execution_context: ExecutionContext,
        hooks: list[GraphNodeHook] | None = None,
    ) -> StraightRunner:
        nodes = {
            name: GraphNode.from_schema_node(name, node, model_storage, execution_context, hooks)
            for name, node in graph_schema.nodes.items()
        }
        return cls(graph_schema, nodes)

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        wanted = targets or self.schema.target_names
        values = dict(inputs or {})
        for target in wanted:
            if target not in self._plans:
                plan: list[Call] = []
                self._visit(target, plan)
                self._plans[target] = plan  # only once it is whole: another thread may look
            for call in self._plans[target]:
                if call.name not in values:
                    values[call.name] = call.function(**{key: values[node] for key, node in call.needs})
        return {target: values[target] for target in wanted}

    def _visit(self, name: str, plan: list[Call]) -> None:
        if name not in self.schema.nodes or any(call.name == name for call in plan):
            return
        needs = tuple(self.schema.nodes[name].needs.items())
        for _, parent in needs:
            self._visit(parent, plan)
        node = self.nodes[name]
        plan.append(Call(name, getattr(node._component, self.schema.nodes[name].fn), needs))
