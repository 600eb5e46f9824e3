"""Every strategy names the two cells that show its paper's claim; a grid runs them."""

from __future__ import annotations

import pytest

from bench.experiment import at_home, registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.grid import Grid, load_grid
from bench.experiment.registry import Incomplete
from bench.learner.strategy import Conflict

GOOD = {"claim": "it covers modes", "cell": "ring8/bare+unrolled", "against": "ring8/bare"}
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
    assert declared.by in {"final", "area", *at_home.directions(cell.task)}
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
    assert [f"{c.task}/{c.name}" for c in one.cells()] == [
        "ring8/bare+low_beta1",
        "ring8/bare+low_beta1+unrolled",
    ]
    games = grid.narrowed(("bilinear",), None, None, None).cells()
    assert {cell.task for cell in games} == {"bilinear"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"tasks": "bilinear", "strategies": "unrolled"},
            "unrolled: no cells at home .AT_HOME.",
        ),
        ({"strategies": "placebo"}, "placebo: no cells at home .* controls have none"),
        ({"strategies": "r1,td3"}, "td3 has no cells at home; name strategies, each by itself"),
        ({"strategies": "r1@each"}, "r1@each has no cells at home"),
        ({"contrasts": "home,added"}, "home is no contrast beside others"),
        ({"contrasts": "none,removed"}, "none is no contrast beside others"),
        ({"updates": 9}, "leave out updates and orders of play"),
        ({"play": "simultaneous"}, "leave out updates and orders of play"),
    ],
)
def test_what_the_grid_cannot_hold_is_refused(changes: dict, message: str) -> None:
    raw = {"about": "a", "tasks": "all", "strategies": "all", "contrasts": "home"} | changes
    with pytest.raises(BadGrid, match=message):
        Grid.model_validate(raw).cells()


def test_a_cell_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    module = registry.strategy("unrolled").module
    monkeypatch.setitem(module.AT_HOME, "against", "ring9/bare")
    with pytest.raises(BadGrid, match="AT_HOME of unrolled: unknown task 'ring9'"):
        at_home.cells(["unrolled"], {"ring8"})


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"claim": "it covers modes", "cell": "ring8/bare+unrolled"}, "has no against"),
        (["ring8/bare"], "is no dict of claim, cell and against"),
        ({**GOOD, "when": "final"}, "has 'when', which means nothing"),
        ({**GOOD, "claim": 3}, "has no text as claim"),
        ({**GOOD, "by": None}, "has no text as by"),
    ],
)
def test_a_declaration_of_another_form_is_named(
    declared: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the file is read: a plug-in is then left out, and no report fails."""
    module = registry.strategy("unrolled").module
    monkeypatch.setattr(module, "AT_HOME", declared)
    with pytest.raises(Incomplete, match=rf"unrolled\.py: AT_HOME.* {message}"):
        registry._strategy_entry("unrolled", module)


def test_a_metric_that_the_task_has_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module = registry.strategy("unrolled").module
    monkeypatch.setattr(module, "AT_HOME", {**GOOD, "by": "return"})
    with pytest.raises(BadGrid, match="unrolled: ring8 has no 'return' to compare by"):
        at_home.cells(["unrolled"], {"ring8"})


@pytest.mark.parametrize(
    "pair",
    [
        {"cell": "ring8/bare+r2"},
        {"cell": "grid25/bare+unrolled"},
        {"against": "ring8/bare+r1"},
        {"against": "ring8/bare+unrolled"},
    ],
)
def test_a_pair_that_differs_in_more_is_refused(
    pair: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = registry.strategy("unrolled").module
    monkeypatch.setattr(module, "AT_HOME", GOOD | pair)
    with pytest.raises(BadGrid, match=r"AT_HOME of unrolled: .* do not differ in unrolled"):
        at_home.cells(["unrolled"], {"ring8", "grid25"})


@pytest.mark.parametrize("declared", [("r1",), {"r1": ""}, {"r1": None}, {3: "why"}])
def test_what_it_is_idle_beside_has_reasons(
    declared: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = registry.strategy("unrolled").module
    monkeypatch.setattr(module, "IDLE_BESIDE", declared, raising=False)
    with pytest.raises(Incomplete, match=r"unrolled\.py: IDLE_BESIDE is no dict of reasons"):
        registry._strategy_entry("unrolled", module)
