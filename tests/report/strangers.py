"""Submissions of strangers, below `results` in the working directory."""

from __future__ import annotations

import json
from pathlib import Path

from bench.records import store
from bench.records.record import Record
from tests.support.factories import make_grid, make_record

EFFECTS = {"spectral_norm": (4.0, 4.0), "replay": (0.0, 0.0)}
MAINTAINED = [r for r in make_grid(EFFECTS, anchored=True) if r.task in {"ring8", "pendulum"}]
MANY = 14
"""New strategies of a stranger."""
LIST = "maintained: [2/core]\n"


def put(name: str, *records: Record) -> None:
    for record in records:
        path = Path("results/2", name, record.task, f"{record.cell}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        store.write(path, record)


def changed(record: Record, better: float, n: int = 10) -> Record:
    """The same cell with other numbers, and as many seeds."""
    sign = 1.0 if record.score_info.better == "higher" else -1.0
    anchors = record.score_info.anchors
    assert anchors is not None
    step = sign * better * abs(anchors.high - anchors.low) / 30.0
    scores = [(record.seeds[i % 10].score or 0.0) + step + 1e-3 * i for i in range(n)]
    return make_record(
        task=record.task,
        domain=record.domain,
        strategy=record.strategy,
        better=record.score_info.better,
        scores=scores,
        anchors=anchors.model_dump(),
    )


def more_seeds() -> None:
    put("aaa", *(changed(r, -3.0, 20) for r in MAINTAINED if r.strategy != "placebo"))


def a_bad_base() -> None:
    every = {None: -20.0, "spectral_norm": 0.0, "replay": 0.0}
    put("aaa", *(changed(r, every[r.strategy]) for r in MAINTAINED if r.strategy in every))


def many_strategies() -> None:
    grounds = [r for r in MAINTAINED if r.strategy is None]
    made = [
        changed(r.model_copy(update={"strategy": f"new_{i:02}"}), i - MANY / 2)
        for r in grounds
        for i in range(MANY)
    ]
    put("aaa", *grounds, *made)


def a_placebo_that_moved() -> None:
    put("aaa", *(changed(r, 1.0) if r.strategy == "placebo" else r for r in MAINTAINED))


def torn_records() -> None:
    put("aaa", *MAINTAINED)
    Path("results/2/aaa/ring8/bare+spectral_norm.json").write_text("{")
    Path("results/2/aaa/ring8/bare+r1.search.json").write_text("{")
    put("bbb", MAINTAINED[0])
    Path("results/2/bbb/ring8/bare.json").write_text("[]")


def numbers_of_no_run() -> None:
    """By the schema they are valid."""
    for name, high in (("aaa", 5e-324), ("bbb", 1e60)):
        put(name, *MAINTAINED)
        for path in Path("results/2", name).rglob("*.json"):
            raw = json.loads(path.read_text())
            raw["score_info"]["anchors"] = {"low": 0.0, "high": high, "log": False}
            path.write_text(json.dumps(raw))
