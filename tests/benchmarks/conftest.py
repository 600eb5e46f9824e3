"""Benchmarks run on one core; what they find can be kept in the files that the suite reads."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.records import provenance

# Before JAX starts, which otherwise takes every core; harmless without it.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    """The peers' threads too: what else would start some finds one core."""
    threads, cores = torch.get_num_threads(), os.sched_getaffinity(0)
    torch.set_num_threads(1)
    os.sched_setaffinity(0, {min(cores)})
    yield
    os.sched_setaffinity(0, cores)
    torch.set_num_threads(threads)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints a finding past pytest's capture."""

    def line(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {text}", end="", flush=True)

    return line


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here reads a clock, which a shared machine may not be asked for."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timing)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where findings are kept."""
    parser.addoption("--keep-costs", type=Path, help="write strategies' relative costs (JSON)")
    parser.addoption("--keep-scale-out", type=Path, help="write what many cells cost (PNG)")
    parser.addoption("--keep-scaling", type=Path, help="write the scaling table's plot (PNG)")


@pytest.fixture(scope="session")
def keep_cost(request: pytest.FixtureRequest) -> Callable[[str, str, float], None]:
    """Puts what a strategy costs on a task into the file of costs, if one is named."""
    path = request.config.getoption("--keep-costs")

    def keep(strategy: str, task: str, relative: float) -> None:
        if path is None:
            return
        fresh: dict[str, Any] = {"conditions": {}, "costs": {}}
        found = json.loads(path.read_text()) if path.exists() else fresh
        found["costs"].setdefault(strategy, {})[task] = round(relative, 2)
        found["conditions"][strategy] = {
            "cpu": provenance.cpu(),
            "date": datetime.now(UTC).date().isoformat(),
            "seeds": 10,
            "torch": torch.__version__.partition("+")[0],
        }
        path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")

    return keep
