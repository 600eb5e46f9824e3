"""How long the statistics of a whole study take, from records to all tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.experiment import registry
from bench.records.record import Record
from bench.report import contrasts, extensions, findings, pair_tables, table_1, tables, transfer
from tests.support.factories import make_record

ANCHORS = {"low": 1.0, "high": 0.0, "log": False}


def records() -> list[Record]:
    """The core grid: 47 strategies with 40 seeds on 16 tasks and both bases, which have 100."""
    rng = np.random.default_rng(0)
    names = [name for name, entry in registry.strategies().items() if entry.home != "control"]
    made = []
    for domain in findings.DOMAINS:
        for task in findings.counted_tasks(domain):
            for base in ("bare", "reference"):
                place: dict[str, Any] = {"task": task, "domain": domain, "base": base}
                place["anchors"] = ANCHORS
                made.append(make_record(scores=rng.random(100).tolist(), **place))
                made += [
                    make_record(strategy=name, scores=rng.random(40).tolist(), **place)
                    for name in names[:47]
                ]
    return made


def every_table(made: list[Record]) -> int:
    """All tables of a report; how many rows the table of contrasts has."""
    study = findings.study(made)
    for view in study.tasks:
        tables.task_table(view, study)
    for base in study.bases:
        tables.transfer_table(study.findings[base])
        tables.effect_matrix(study, base)
        transfer.table(transfer.transfer(study, base))
    table_1.table(study)
    pair_tables.pair_table(study)
    every = contrasts.contrasts(study, extensions.games(study))
    return len(contrasts.contrast_table(every))


def test_all_tables_of_the_core_grid_take_ten_seconds(benchmark: Any) -> None:
    made = records()
    assert len(made) == 1536
    rows = benchmark.pedantic(every_table, args=(made,), rounds=3, iterations=1)
    assert rows == 1504
    if benchmark.stats is None:
        pytest.skip("measures with --benchmark-enable")
    assert benchmark.stats.stats.median <= 10.0
