"""Benchmarks run on one core; what they find can be kept in the files that the suite reads."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where findings are kept."""
    parser.addoption("--keep-costs", type=Path, help="write strategies' relative costs (JSON)")
    parser.addoption("--keep-scaling", type=Path, help="write the scaling table's plot (PNG)")


def pytest_benchmark_update_json(config: Any, benchmarks: Any, output_json: Any) -> None:
    """Keeps the strategies' costs in the form that `bench.costs` reads."""
    path = config.getoption("--keep-costs")
    if path is None:
        return
    costs: dict[str, dict[str, float]] = {}
    for made in output_json["benchmarks"]:
        extra = made["extra_info"]
        if "relative" in extra:
            costs.setdefault(extra["strategy"], {})[extra["task"]] = extra["relative"]
    machine = output_json["machine_info"]
    found = {
        "date": output_json["datetime"][:10],
        "cpu": machine["cpu"]["brand_raw"],
        "torch": torch.__version__.partition("+")[0],
        "seeds": 10,
        "costs": {name: dict(sorted(costs[name].items())) for name in sorted(costs)},
    }
    path.write_text(json.dumps(found, indent=1) + "\n")
