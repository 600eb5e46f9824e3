"""`status` tells how a run stands, and `list` what there is."""

import json
import re

import pytest

from bench.experiment import grid, registry
from tests.support.fakes import bench


def test_status_of_a_run_that_ended(small, capsys):
    assert bench("status") == 2
    assert "no run was started in results/1/local" in capsys.readouterr().err
    small("--seeds", "2")
    capsys.readouterr()
    assert bench("status") == 0
    assert re.fullmatch(
        r"ended \d+ s ago \(process \d+ on .+\)\n3 of 3 cells done, 6 of 6 seeds\n",
        capsys.readouterr().out,
    )
    assert bench("status", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["jobs"], found["done"], found["running"]) == (3, 3, [])


def test_status_names_failures_by_reason(small, training, capsys):
    def crash(cell):
        if cell == "dirac+placebo":
            raise MemoryError("too large")

    training.before = crash
    small("--seeds", "2")
    capsys.readouterr()
    bench("status")
    out = capsys.readouterr().out
    assert "failed: 1 oom\ntried again: 1 oom\nfailed dirac/bare+placebo: MemoryError" in out


def test_lists_name_everything_and_parse(capsys):
    def listed(kind):
        assert bench("list", kind, "--json") == 0
        return {row["name"]: row for row in json.loads(capsys.readouterr().out)}

    tasks, strategies, grids = listed("tasks"), listed("strategies"), listed("grids")
    assert tasks.keys() == registry.tasks().keys()
    assert strategies.keys() == registry.strategies().keys()
    assert set(grids) == set(grid.grid_names())
    assert strategies["r1"]["settings"] == {"gamma": 1.0}
    assert strategies["r1"]["search"] == {"gamma": [0.1, 1.0, 10.0]}
    assert grids["core"]["tasks"] == "core"
    for row in (*tasks.values(), *strategies.values(), *grids.values()):
        assert len(row["about"]) > 10


@pytest.mark.parametrize("kind", ["tasks", "strategies", "grids"])
def test_lists_for_people_name_everything(capsys, kind):
    assert bench("list", kind) == 0
    first = {line.split(" ")[0] for line in capsys.readouterr().out.splitlines()}
    names = {"tasks": registry.tasks(), "strategies": registry.strategies()}
    assert first >= set(names.get(kind, grid.grid_names()))
