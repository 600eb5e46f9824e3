"""`status` tells how a run stands, and `list` what there is."""

import json
import re
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from bench.cli import terminal
from bench.engine import status_file
from bench.experiment import grid, registry
from tests.support.fakes import bench


def test_status_of_a_run_that_ended(small, capsys):
    assert bench("status") == 2
    assert "no run was started in results/2/local" in capsys.readouterr().err
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
    assert strategies["r1"]["search"] == {"gamma": [0.01, 0.1, 1.0, 10.0]}
    assert grids["core"]["tasks"] == "core"
    for row in (*tasks.values(), *strategies.values(), *grids.values()):
        assert len(row["about"]) > 10


@pytest.mark.parametrize("kind", ["tasks", "strategies", "grids"])
def test_lists_for_people_name_everything(capsys, kind):
    assert bench("list", kind) == 0
    first = {line.split(" ")[0] for line in capsys.readouterr().out.splitlines()}
    names = {"tasks": registry.tasks(), "strategies": registry.strategies()}
    assert first >= set(names.get(kind, grid.grid_names()))


@pytest.mark.parametrize("shift", [-7200.0, -1e9, 0.0, 5.0])
def test_a_clock_that_was_set_back_gives_no_negative_times(small, capsys, shift):
    """Or that of another machine: the status file may be on a shared disk."""
    small("--seeds", "2")
    path = Path("results/logs/2/local/run.status")
    found = status_file.read(path)
    moved = found.model_copy(
        update={"written": found.written - shift, "began": found.began - shift}
    )
    path.write_text(moved.model_dump_json())
    capsys.readouterr()
    assert bench("status") == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert re.match(r"ended \d+ s ago ", first), first


NAMES = ["a", "inverted_double_pendulum", "symplectic_adjustment"]


@pytest.mark.parametrize("width", [20, 30, 40, 60, 79, 80, 100, 200])
def test_no_table_cuts_a_name(width, monkeypatch, capsys):
    """Nor anything else, at any width."""

    def narrow(file, highlight, width=None):
        return Console(file=file, highlight=highlight, width=wide)

    wide = width
    monkeypatch.setattr(terminal, "Console", narrow)
    table = Table("name", "about", "settings", box=None)
    for name in NAMES:
        table.add_row(name, f"what {name} does, at length " * 3, "one_long_setting=0.123456")
    terminal.print_table(table)
    out = capsys.readouterr().out
    assert "…" not in out
    lines = [line.split()[0] for line in out.splitlines() if line.strip()]
    assert set(NAMES) <= set(lines)
    squeezed = re.sub(r"\s", "", out)
    if width < terminal.NARROW:
        for name in NAMES:
            text = f"about: what {name} does, at length".replace(" ", "")
            assert text in squeezed
        assert squeezed.count("settings:one_long_setting=0.123456") == len(NAMES)
