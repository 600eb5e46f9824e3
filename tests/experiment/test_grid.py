"""Cells and grids."""

import pytest

from bench.engine.plan import check
from bench.experiment import grid, registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.grid import Grid, load_grid
from bench.experiment.kits import KITS, REFERENCE
from bench.experiment.registry import UnknownName
from bench.experiment.spec import spec_hash
from bench.learner.strategy import Conflict

KIT = REFERENCE["rl"]


def some_grid(**changes) -> Grid:
    raw = {"about": "a test", "tasks": ["dirac"], "strategies": ["r1"], "bases": ["bare"]}
    return Grid.model_validate(raw | changes)


@pytest.mark.parametrize(
    ("cell", "name", "contrast", "strategies"),
    [
        (Cell("dirac", "bare"), "bare", "base", ()),
        (Cell("dirac", "bare", "r1"), "bare+r1", "added", ("r1",)),
        (Cell("dirac", "bare", "r1+replay"), "bare+r1+replay", "added", ("r1", "replay")),
        (Cell("pendulum", "reference"), "reference", "base", KIT),
        (Cell("pendulum", "reference", "r1"), "reference+r1", "added", ("r1", *KIT)),
        (Cell("pendulum", "reference", KIT[0]), f"reference-{KIT[0]}", "removed", KIT[1:]),
        # Half of it is in the kit: it is added, and nothing is given twice.
        (Cell("pendulum", "reference", f"r1+{KIT[0]}"), None, "added", ("r1", *KIT)),
    ],
)
def test_a_cell_says_what_it_is(cell, name, contrast, strategies):
    assert cell.name == (name or f"reference+{cell.strategy}")
    assert cell.contrast == contrast
    assert cell.strategies == tuple(sorted(strategies))
    assert Cell.parse(f"{cell.task}/{cell.name}") == cell
    assert cell.settings().keys() == set(strategies)


@pytest.mark.parametrize("name", list(grid.grid_names()))
def test_the_suites_own_grids_can_run(name):
    chosen = load_grid(name)
    cells = chosen.cells()
    check(cells, chosen.seeds)
    assert len(set(cells)) == len(cells)
    assert len({(cell.task, cell.name) for cell in cells}) == len(cells)
    for cell in cells:
        assert Cell(cell.task, cell.base) in cells
        for control in ("placebo", "harmful"):
            assert Cell(cell.task, cell.base, control) in cells


def test_the_demo_is_what_the_readme_promises():
    demo = load_grid("demo")
    domains = [registry.task(name).domain for name in demo.tasks]
    assert sorted(domains) == ["gan", "gan", "rl", "rl"]
    assert (demo.bases, demo.seeds) == (("bare",), 3)
    assert len(demo.cells()) == 4 * (1 + 4 + 2)


def test_names_given_twice_or_in_another_order_are_one_cell():
    twice = some_grid(
        tasks=["dirac", "dirac"], strategies=["r1+replay", "replay+r1"], bases=["bare", "bare"]
    )
    names = sorted(cell.name for cell in twice.cells())
    assert names == ["bare", "bare+harmful", "bare+placebo", "bare+r1+replay"]


def test_core_means_every_core_task():
    tiers = {name: task.tier for name, task in registry.tasks().items()}
    core = {name for name, tier in tiers.items() if tier == "core"}
    assert {cell.task for cell in load_grid("core").cells()} == core
    given = some_grid(tasks=["dirac"]).narrowed(("core",), None, None, None)
    assert {cell.task for cell in given.cells()} == {
        cell.task for cell in load_grid("core").cells()
    }


def test_words_stand_beside_names_and_only_where_they_mean_something():
    mixed = some_grid(tasks="core,hopper").cells()
    assert {"hopper", "dirac"} < {cell.task for cell in mixed}
    for wrong in ({"strategies": "core"}, {"bases": "all"}):
        with pytest.raises(UnknownName, match=r"unknown (strategy 'core'|base 'all')"):
            some_grid(**wrong).cells()
    with pytest.raises(UnknownName, match="did you mean 'ddpg'"):
        some_grid(strategies="ddgp").cells()


def test_all_means_all():
    everything = some_grid(tasks="all", strategies="all").cells()
    assert {cell.task for cell in everything} == set(registry.tasks())
    assert {cell.strategy for cell in everything} == {None, *registry.strategies()}
    assert some_grid().narrowed(("all",), ("all",), None, None).cells() == everything


def test_one_name_in_a_grid_file_is_a_list_of_one():
    assert some_grid(tasks="dirac", strategies="r1, replay").tasks == ("dirac",)
    assert some_grid(strategies="r1, replay").strategies == ("r1", "replay")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks": ["dirca"]}, "unknown task 'dirca'; did you mean 'dirac'?"),
        ({"strategies": ["replya"]}, "unknown strategy 'replya'; did you mean 'replay'?"),
        ({"strategies": ["r1+replya"]}, "unknown strategy 'replya'; did you mean 'replay'?"),
        ({"bases": ["refrence"]}, "unknown base 'refrence'; did you mean 'reference'?"),
        ({"tasks": ["qqqq"]}, "unknown task 'qqqq'; known: ant, bilinear,"),
    ],
)
def test_unknown_names_get_the_nearest(change, message):
    with pytest.raises(UnknownName) as error:
        some_grid(**change).cells()
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("part", ["tasks", "bases"])
def test_a_grid_without_cells_is_refused(part):
    with pytest.raises(BadGrid, match="has no cells"):
        some_grid(**{part: []}).cells()


def test_a_strategy_given_twice_is_a_conflict():
    with pytest.raises(Conflict, match="r1 is given twice"):
        check(some_grid(strategies=["r1+r1"]).cells(), 2)


def test_seeds_that_no_record_holds_are_refused_before_they_are_run():
    cells = some_grid().cells()
    check(cells, 20)
    with pytest.raises(BadGrid, match="1000 seeds of dirac do not fit in one record; at most"):
        check(cells, 1000)


def test_grids_by_name_and_by_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("about: mine\ntasks: [dirac]\nstrategies: []\nbases: [bare]\nseeds: 3\n")
    mine = load_grid(str(path))
    assert ([cell.name for cell in mine.cells()], mine.seeds) == (
        ["bare", "bare+harmful", "bare+placebo"],
        3,
    )
    with pytest.raises(UnknownName, match="unknown grid 'dmeo'; did you mean 'demo'"):
        load_grid("dmeo")
    with pytest.raises(BadGrid, match=r"there is no file .*nope\.yaml"):
        load_grid(str(tmp_path / "nope.yaml"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"tasks: [", "while parsing"),
        (b"just words", "valid dictionary"),
        (b"", "valid dictionary"),
        (b"about: a\nstrategies: all\n", "tasks: Field required"),
        (b"about: a\ntasks: all\nstrategies: all\nseeds: 0\n", "seeds: .*greater than"),
        (b"about: a\ntasks: all\nstrategies: all\nsead: 1\n", "sead: Extra inputs"),
        (b"about: \xff\n", "utf-8"),
    ],
)
def test_a_broken_grid_file_is_one_clear_line(tmp_path, text, reason):
    path = tmp_path / "bad.yaml"
    path.write_bytes(text)
    with pytest.raises(BadGrid, match=reason) as error:
        load_grid(str(path))
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_kit_is_its_strategies():
    """TD3 as published is DDPG with three more, and a kit's name stands for its members."""
    assert set(KITS["ddpg"]) < set(KITS["td3"])
    td3 = Cell("reacher", "bare", "td3")
    assert td3.name == "bare+td3"
    assert set(td3.strategies) == {
        *("replay", "target_network", "twin_critics", "target_smoothing", "critic_steps")
    }
    assert Cell("pendulum", "reference", "ddpg").strategies == ()
    assert spec_hash(td3) == spec_hash(Cell("reacher", "bare", "+".join(KITS["td3"])))
    some_grid(tasks=["reacher"], strategies=["td3+r1"]).cells()
    for kit in KITS.values():
        assert set(kit) <= set(registry.strategies())


def test_a_trial_is_named_by_its_budget_and_needs_no_controls():
    trial = some_grid(tasks=["dirac"], strategies=["r1"]).narrowed(None, None, None, None, 40)
    assert [cell.name for cell in trial.cells()] == ["bare+r1@40"]
    assert Cell.parse("dirac/bare+r1@40") == Cell("dirac", "bare", "r1", 40)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dirac", "TASK/CELL"),
        ("dirac/plain+r1", "TASK/CELL"),
        ("dirak/bare", "did you mean 'dirac'"),
        ("dirac/bare+r11", "did you mean 'r1'"),
        ("pendulum/reference+replay", "did you mean pendulum/reference-replay"),
    ],
)
def test_a_text_that_is_no_cell_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Cell.parse(text)
