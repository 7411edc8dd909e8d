"""Custom actions: which ones a domain asks for, and which ones Python files define. No Python is run."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from training.bundles.yaml_documents import Document


def actions_in(python: str) -> list[str]:
    """The names that the classes of a module give themselves in `def name(self): return "..."`."""
    try:
        tree = ast.parse(python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return [name for node in classes for name in _given_names(node)]


def missing_actions(domain: Document) -> list[str]:
    """The custom actions of a domain that no skill of this installation brings."""
    asked = [name for name in domain.names("actions") if not name.startswith("utter_")]
    return [name for name in asked if name not in _actions_of_skills()]


@lru_cache(maxsize=1)
def _actions_of_skills() -> frozenset[str]:
    modules = [Path(settings.BASE_DIR) / skill / "actions.py" for skill in settings.ASSISTANT_SKILLS]
    return frozenset(name for path in modules if path.exists() for name in actions_in(path.read_text(encoding="utf-8")))


def _given_names(node: ast.ClassDef) -> list[str]:
    methods = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "name"]
    returns = [item.value for method in methods for item in method.body if isinstance(item, ast.Return)]
    return [value.value for value in returns if isinstance(value, ast.Constant) and isinstance(value.value, str)]
