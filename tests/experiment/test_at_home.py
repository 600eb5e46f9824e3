"""Every strategy names the two cells that show its paper's claim; a grid runs them."""

from __future__ import annotations

import pytest

from bench.experiment import at_home, registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.grid import load_grid
from bench.experiment.registry import Incomplete
from bench.learner.strategy import Conflict

NAMES = [name for name, entry in registry.strategies().items() if entry.home != "control"]


@pytest.mark.parametrize("name", NAMES)
def test_the_two_cells_differ_in_the_strategy_and_by_what_it_replaces(name: str) -> None:
    declared = at_home.at_home(name)
    assert declared is not None
    cell, against = (Cell.parse(text) for text in (declared.cell, declared.against))
    assert cell.task == against.task
    removed = {*against.strategies} - {*cell.strategies}
    assert {*cell.strategies} - {*against.strategies} == {name}
    assert removed <= {*registry.strategy(name).instead_of}
    task = registry.task(cell.task)
    assert registry.strategy(name).build(task).why_inert(task) is None
    try:
        cell.learner()
        against.learner()
    except Conflict as conflict:
        pytest.fail(str(conflict))
    assert 10 <= len(declared.claim) <= 80
    assert not declared.claim.endswith(".")


def test_controls_have_no_home() -> None:
    assert at_home.at_home("placebo") is None
    assert at_home.at_home("harmful") is None


def test_the_grid_holds_both_cells_of_each_and_narrows() -> None:
    grid = load_grid("home")
    cells = {f"{cell.task}/{cell.name}" for cell in grid.cells()}
    for name in NAMES:
        declared = at_home.at_home(name)
        assert declared is not None
        assert {declared.cell, declared.against} <= cells
    one = grid.narrowed(None, ("unrolled",), None, None)
    assert [f"{c.task}/{c.name}" for c in one.cells()] == ["ring8/bare", "ring8/bare+unrolled"]
    games = grid.narrowed(("bilinear",), None, None, None).cells()
    assert {cell.task for cell in games} == {"bilinear"}
    with pytest.raises(BadGrid, match="none of these strategies is shown at home"):
        grid.narrowed(("bilinear",), ("unrolled",), None, None).cells()


def test_a_declaration_of_another_form_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    module = registry.strategy("unrolled").module
    monkeypatch.setattr(module, "AT_HOME", {"claim": "it covers modes"})
    with pytest.raises(Incomplete, match=r"unrolled\.py: AT_HOME is no dict of claim, cell"):
        at_home.at_home("unrolled")
