"""The house as ARCHITECTURE.md draws it: floors, rooms, seams, and the size of what stands in them."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from importlinter import cli

from tests.running import ROOT

FUNCTION_LINES, FILE_LINES = 40, 400
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc"}
# The settings, and the trainer, which chooses what its child process inherits.
READERS_OF_THE_ENVIRONMENT = {"assistant/settings.py", "assistant/engine/rasa_adapter/processes/parent.py"}
READS_ENVIRONMENT = re.compile(r"\bgetenv\b|os\.environ\b(?!\.setdefault)")
Function = ast.FunctionDef | ast.AsyncFunctionDef

OUR_APPS = sorted(Path(app.path).name for app in apps.get_app_configs() if Path(app.path).parent == ROOT)
PRODUCT = sorted(path for app in OUR_APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)
SERVICES = [path for path in PRODUCT if path.name == "services.py" or path.parent.name == "services"]
BROWSER = sorted(path for path in (ROOT / "static").rglob("*.js") if "vendor" not in path.parts)
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))


def test_it_keeps_the_import_contracts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)  # it would turn off the loggers of all other tests
    kept = cli.lint_imports(no_cache=True, no_logo=True) == 0
    assert kept, capsys.readouterr().out


def test_it_has_every_app_on_a_floor() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    assert set(contracts["importlinter"]["root_packages"].split()) == set(OUR_APPS)


def test_it_names_files_by_what_they_hold() -> None:
    assert [path for path in PRODUCT if FORBIDDEN_NAMES & {path.stem, path.parent.name}] == []


def test_it_has_short_functions() -> None:
    long = [f"{where} {_lines(found)}" for where, found in _functions(PRODUCT) if _lines(found) > FUNCTION_LINES]
    assert long == []


def test_it_has_short_files() -> None:
    sizes = {_name(path): len(path.read_text().splitlines()) for path in [*PRODUCT, *BROWSER, *TESTS]}
    assert {name: size for name, size in sizes.items() if size > FILE_LINES} == {}


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_it_names_places_that_are_there(page: str) -> None:
    """A page that names what was moved sends its reader nowhere. SECURITY.md names tests without their folder."""
    begins = "|".join([*OUR_APPS, "tests", "deploy", "templates", "static"])
    named = set(re.findall(rf"`((?:{begins})/[\w/.-]+)`", (ROOT / page).read_text()))
    assert len(named) > 3
    there = {place for place in named for it in (place, f"tests/{place}.py") if (ROOT / it).exists()}
    assert named == there


def test_it_prints_nothing() -> None:
    assert [_name(path) for path in PRODUCT for call in _calls(path) if call == "print"] == []


def test_it_swallows_no_error() -> None:
    assert [f"{_name(path)}:{found.lineno}" for path in PRODUCT for found in _handlers(path) if _swallows(found)] == []


def test_it_reads_the_environment_in_the_settings_only() -> None:
    readers = {_name(path) for path in PRODUCT if READS_ENVIRONMENT.search(path.read_text())}
    assert readers <= READERS_OF_THE_ENVIRONMENT


def test_it_has_services_that_are_called_by_keyword() -> None:
    """One id or row may stand alone; from two on, names are asked for."""
    assert [
        where for where, found in _functions(SERVICES) if _is_service(where, found) and _positional(found) > 1
    ] == []


def test_it_leaves_tasks_to_those_who_call_services() -> None:
    assert [
        _name(path) for path in SERVICES if re.search(r"^\s*(from|import) .*\btasks\b", path.read_text(), re.M)
    ] == []


def test_it_calls_tests_by_what_they_show() -> None:
    tests = [(where, found.name) for where, found in _functions(TESTS) if found.name.startswith("test")]
    assert [where for where, name in tests if not name.startswith("test_it_")] == []


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(paths: list[Path]) -> Iterator[tuple[str, Function]]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{_name(path)}:{node.name}", node


def _lines(function: Function) -> int:
    """Without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 2


def _calls(path: Path) -> list[str]:
    nodes = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return [node.id for node in nodes if isinstance(node, ast.Name)]


def _handlers(path: Path) -> list[ast.ExceptHandler]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ExceptHandler)]


def _swallows(handler: ast.ExceptHandler) -> bool:
    catches_all = handler.type is None or getattr(handler.type, "id", "") in {"Exception", "BaseException"}
    return catches_all and all(isinstance(node, ast.Pass) for node in handler.body)


def _is_service(where: str, function: Function) -> bool:
    """What `services/__init__.py` offers, or a public function of `services.py`."""
    path = ROOT / where.split(":")[0]
    offered = path.parent / "__init__.py"
    if path.name == "services.py":
        return not function.name.startswith("_") and function.col_offset == 0
    return f'"{function.name}"' in offered.read_text()


def _positional(function: Function) -> int:
    return len([argument for argument in function.args.args if argument.arg not in {"self", "cls"}])
