"""What processes cost: CPU seconds and memory, by role."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psutil

MB = 1024 * 1024


@dataclass(frozen=True)
class Reading:
    """CPU seconds by role at a moment, `load` among them: this very process. `machine`: of all processes."""

    cpu: Mapping[str, float]
    machine: float
    at: float

    def since(self, before: Reading) -> dict[str, float]:
        return {role: spent - before.cpu.get(role, 0.0) for role, spent in self.cpu.items()}

    def strangers(self, before: Reading) -> float:
        """The share of the machine that processes took which are not part of this measurement."""
        ours = sum(self.since(before).values())
        room = (self.at - before.at) * (os.cpu_count() or 1)
        return max(0.0, (self.machine - before.machine - ours) / room)


def read(pids: Mapping[str, list[int]]) -> Reading:
    """`pids` by role; what they started counts with them, except that PostgreSQL's are named one by one."""
    cpu: dict[str, float] = defaultdict(float)
    for role, process in _processes(pids):
        times = process.cpu_times()
        cpu[role] += times.user + times.system
    cpu["load"] = time.process_time()
    return Reading(dict(cpu), _busy(psutil.cpu_times()), time.perf_counter())


def _busy(machine: Any) -> float:
    return float(sum(machine) - machine.idle - machine.iowait - machine.guest - machine.guest_nice - machine.steal)


def memory(pids: Mapping[str, list[int]]) -> tuple[dict[str, float], float]:
    """RSS by role in MB, and the PSS of all: shared pages counted once."""
    rss: dict[str, float] = defaultdict(float)
    pss = 0.0
    for role, process in _processes(pids):
        full = process.memory_full_info()
        rss[role] += full.rss / MB
        pss += full.pss / MB
    return {role: round(value, 1) for role, value in rss.items()}, round(pss, 1)


def _processes(pids: Mapping[str, list[int]]) -> list[tuple[str, psutil.Process]]:
    found = []
    for role, numbers in pids.items():
        for number in numbers:
            try:
                process = psutil.Process(number)
                family = [process] if role == "postgresql" else [process, *process.children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
            found += [(role, member) for member in family]
    return found
