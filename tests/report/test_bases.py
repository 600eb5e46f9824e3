"""What the bases do: the table, on made-up records by hand, and what the stored ones must show."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.records.paths import record_path
from bench.records.store import read
from bench.report.bases import bases_table
from bench.report.findings import study
from tests.support.factories import make_record

BASES = Path(__file__).parents[2] / "results" / PROTOCOL_VERSION / "bases"
COUNTED = sorted(name for name, task in registry.tasks().items() if task.failure is not None)


@pytest.fixture(scope="module")
def stored() -> dict[str, dict[str, object]]:
    """The table of the stored records, by task."""
    cells = [Cell(name, base) for name in COUNTED for base in ("bare", "reference")]
    records = [read(record_path(BASES, cell)) for cell in cells]
    rows = bases_table(study(records).tasks).to_dict("records")
    return {str(row["task"]): row for row in rows}


@pytest.mark.parametrize("name", COUNTED)
def test_the_bare_learner_shows_the_failure_that_its_task_is_there_for(stored, name) -> None:
    assert stored[name]["shown"] == "yes", stored[name]


@pytest.mark.parametrize("name", COUNTED)
def test_the_reference_base_has_headroom_on_the_seeds_of_results_too(stored, name) -> None:
    ends = stored[name]["final_reference"], stored[name]["area_reference"]
    assert any(0.25 <= end <= 0.9 for end in ends), ends
    assert stored[name]["final_reference"] > stored[name]["final_bare"]


@pytest.mark.parametrize("name", ["ring8", "ring8_unequal", "grid25"])
def test_plain_gans_lose_modes_as_published_and_the_kit_does_not(name) -> None:
    modes = {
        base: sorted(
            result.curve[-1].metrics["modes"]
            for result in read(record_path(BASES, Cell(name, base))).seeds
        )
        for base in ("bare", "reference")
    }
    every = len(registry.task(name).mixture.centres)
    middle = len(modes["bare"]) // 2
    assert modes["bare"][middle] < every
    assert modes["reference"][middle] == every


def test_pendulum_needs_both_replay_and_a_target_network() -> None:
    """Each alone is as bad as random actions, both together are at the known optimum."""
    ends = {
        name: sorted(result.score for result in read(record_path(BASES, cell)).seeds)
        for name, cell in {
            "replay": Cell("pendulum", "bare", "replay"),
            "target": Cell("pendulum", "bare", "target_network"),
            "both": Cell("pendulum", "reference"),
        }.items()
    }
    middle = {name: values[len(values) // 2] for name, values in ends.items()}
    assert middle["both"] > -200.0
    assert max(middle["replay"], middle["target"]) < -700.0


def test_the_table_by_hand() -> None:
    """Of a made-up task with the failure of `ring8`: reverse KL, at least 0.1."""
    anchors = {"low": 1.0, "high": 0.0, "log": False}
    info = {
        "metric": "fid",
        "unit": "squared distance",
        "better": "lower",
        "window": 1,
        "step_unit": "update",
        "anchors": anchors,
    }
    record = make_record(task="ring8", scores=(0.5, 0.7, None), score_info=info)
    points = [
        {"step": step, "metrics": {"fid": 0.5, "reverse_kl": 0.3}} for step in (0, 10, 20, 30, 40)
    ]
    raw = record.model_dump(mode="json")
    for seed in raw["seeds"]:
        seed |= {"curve": points, "score": 0.5, "area": 0.5, "last": 0.5, "best": 0.5}
        seed |= {"status": "ok", "first_bad_step": None}
    raw["seeds"][2] |= {"score": None, "area": None, "status": "diverged"}
    (row,) = bases_table(study([type(record).model_validate(raw)]).tasks).to_dict("records")
    assert (row["task"], row["failure"], row["shown"]) == ("ring8", "mode dropping", "yes")
    assert (row["final_bare"], row["area_bare"], row["shows_bare"]) == (0.5, 0.5, 0.3)
    assert math.isnan(row["final_reference"])
    assert math.isnan(row["moved"])
