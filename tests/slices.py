"""Which mode a test runs in, and which tests stay together on one worker.

Both follow from the marks and fixtures of a test, so a new file needs nothing of its own. CONTRIBUTING.md says which
mark is for what.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests.settings import MODE
from tests.shared import locked

# In the order in which they begin: long ones first, so that two workers end together; those that look at the clock
# last, when they have the machine for themselves.
SLICES = ("processes", "browser", "engine", "database", "pure", "clock")

# What pages and the API show comes from services and selectors, which are tested in both modes. test_access and
# test_odd_input open each address in both.
ONCE = ("tests/admin_ui/", "tests/api/")


def kind_of(item: pytest.Item) -> str:
    marks = {mark.name for mark in item.iter_markers()}
    for mark, kind in {"browser": "browser", "rasa": "engine", "processes": "processes"}.items():
        if mark in marks:
            return kind
    asks = "django_db" in marks or {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return "database" if asks else "pure"


def slice_of(item: pytest.Item) -> str:
    return "clock" if item.get_closest_marker("clock") else kind_of(item)


def modes_of(item: pytest.Item) -> tuple[str, ...]:
    """What neither database nor broker can change runs once. `modes(...)` says otherwise."""
    if mark := item.get_closest_marker("modes"):
        return mark.args
    can_change = kind_of(item) in {"processes", "database"} and not item.nodeid.startswith(ONCE)
    return ("embedded", "distributed") if can_change else ("embedded",)


def group_of(item: pytest.Item) -> str:
    """What one worker runs in a row: a file, so that its fixtures are made once."""
    return "clock" if slice_of(item) == "clock" else item.nodeid.partition("::")[0]


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    elsewhere = [item for item in items if MODE not in modes_of(item)]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if MODE in modes_of(item)]
    for item in items:
        item.user_properties.append(("slice", slice_of(item)))
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    yield
    items.sort(key=lambda item: SLICES.index(slice_of(item)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test that looks at the clock runs while no other worker runs anything."""
    with locked("machine", alone=slice_of(item) == "clock"):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A worker can send no half of a surrogate pair, which a test may have logged."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report
