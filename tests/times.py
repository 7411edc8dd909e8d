"""How long each slice of the tests took: after each run, and for all runs of `make test` by `python -m tests.times`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

BUDGET = 540  # seconds of `make test` on two idle processors


class Times:
    """A test counts in the slice that `tests.slices` put it into. Two workers at once: the sum is more than the clock
    says."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.seconds: Counter[str] = Counter()
        self.tests: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = str(dict(report.user_properties).get("slice", "other"))
        self.seconds[name] += report.duration
        self.tests[name] += report.when == "setup"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        row = {
            "mode": os.environ.get("FRONTDESK_TEST_MODE", "embedded"),
            "took": time.monotonic() - self.began,
            "slices": {name: [self.tests[name], self.seconds[name]] for name in self.tests},
        }
        terminalreporter.section("times")
        terminalreporter.write_line(table([row]))
        if file := os.environ.get("FRONTDESK_TEST_TIMES"):
            Path(file).parent.mkdir(exist_ok=True)
            with Path(file).open("a") as rows:
                rows.write(json.dumps(row) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Times(), "times")


def table(rows: list[dict[str, Any]]) -> str:
    lines = [f"{'mode':<12}{'slice':<12}{'tests':>6}{'seconds':>9}"]
    for row in rows:
        for name, (tests, seconds) in sorted(row["slices"].items(), key=lambda each: -each[1][1]):
            lines.append(f"{row['mode']:<12}{name:<12}{tests:>6}{seconds:>9.0f}")
        lines.append(f"{row['mode']:<12}{'on the clock':<18}{row['took']:>9.0f}")
    return "\n".join(lines)


def main() -> None:
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    took = sum(row["took"] for row in rows)
    sys.stdout.write(f"{table(rows)}\nAll of it took {took:.0f} s; the budget is {BUDGET} s on two idle processors.\n")


if __name__ == "__main__":
    main()
