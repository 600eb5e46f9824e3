"""Cells and grids."""

import pytest
import yaml
from pydantic import ValidationError

from bench.engine.plan import check
from bench.experiment import grid, registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.grid import Grid, load_grid
from bench.experiment.kits import GRID_FOLDER, REFERENCE
from bench.experiment.registry import UnknownName
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
    # As any reader of YAML reads them.
    raw = yaml.safe_load((GRID_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    words = {key: [word] for key, word in raw.items() if isinstance(word, str) and key != "about"}
    assert chosen.model_dump(mode="json", exclude_unset=True) == raw | words
    cells = chosen.cells()
    check(cells, chosen.seeds)
    assert len(set(cells)) == len(cells)
    assert len({(cell.task, cell.name) for cell in cells}) == len(cells)
    for cell in cells if chosen.contrasts != ("home",) else ():
        assert Cell(cell.task, cell.base) in cells
        for control in ("placebo", "harmful") if chosen.strategies else ():
            assert Cell(cell.task, cell.base, control) in cells


def test_the_demo_is_what_the_readme_promises():
    demo = load_grid("demo")
    domains = [registry.task(name).domain for name in demo.tasks]
    assert sorted(domains) == ["gan", "rl"]
    assert (demo.bases, demo.seeds) == (("bare",), 3)
    # Each task with its base, the controls and the kit of either domain; R1 by itself, too.
    assert len(demo.cells()) == 2 * (1 + 2 + 2 + 1) == 12


def test_names_given_twice_or_in_another_order_are_one_cell():
    twice = some_grid(
        tasks=["dirac", "dirac"], strategies=["r1+replay", "replay+r1"], bases=["bare", "bare"]
    )
    names = sorted(cell.name for cell in twice.cells())
    assert names == ["bare", "bare+harmful", "bare+placebo", "bare+r1+replay"]


def test_core_means_every_core_task_but_the_extensions():
    """Extension games have a grid of their own."""
    tasks = {n: t for n, t in registry.tasks().items() if t.domain != "extension"}
    core = {name for name, task in tasks.items() if task.tier == "core"}
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
def test_a_grid_without_cells_is_refused(part, tmp_path):
    with pytest.raises(BadGrid, match="has no cells"):
        some_grid(**{part: []}).cells()
    path = tmp_path / "my.yaml"
    path.write_text(
        f"about: a\ntasks: {[] if part == 'tasks' else 'all'}\nstrategies: all\nbases: []\n"
    )
    with pytest.raises(BadGrid, match=f"line {2 if part == 'tasks' else 4}: {part} is empty; name"):
        load_grid(str(path))


def test_a_strategy_given_twice_is_a_conflict():
    with pytest.raises(Conflict, match="r1 is given twice"):
        check(some_grid(strategies=["r1+r1"]).cells(), 2)


def test_seeds_that_no_record_holds_are_refused_before_they_are_run():
    cells = some_grid().cells()
    check(cells, 20)
    with pytest.raises(BadGrid, match="1000 seeds of dirac do not fit in one record; at most"):
        check(cells, 1000)


@pytest.mark.parametrize(
    "wrong", [{"seeds": "10"}, {"seeds": True}, {"seeds": 3.0}, {"updates": "9"}, {"tasks": [1]}]
)
def test_a_grid_takes_no_value_for_another(wrong):
    with pytest.raises(ValidationError):
        some_grid(**wrong)


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


THREE = "lqr_imitation"  # reward, critic and actor, in this order


def trial(**changes) -> list[str]:
    raw = {"tasks": [THREE], "strategies": [], "updates": 9}
    return [cell.name for cell in some_grid(**raw | changes).cells()]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"strategies": "r1@each"}, "bare+r1@critic@9 bare+r1@reward@9"),
        ({"strategies": "r1@each,ttur@actor", "tasks": "ring8"}, "bare+ttur@actor@9"),
        (
            {"strategies": "replay+r1@each", "bases": "reference"},
            "reference+r1@critic+replay@9 reference+r1@reward+replay@9",
        ),
        # What the reference base has is there on all its players.
        ({"strategies": "replay@each,r1@reward", "bases": "reference"}, "reference+r1@reward@9"),
        (
            {"strategies": "r1@each+ttur@each", "tasks": "ring8_info, lqr_imitation"},
            " ".join(
                f"bare+r1@{one}+ttur@{other}@9"
                for one in ("critic", "reward")
                for other in ("actor", "critic", "reward")
            ),
        ),
        (
            {"play": "given, reversed,actor.critic.reward, simultaneous,reward.critic.actor"},
            "bare@9 bare=reversed@9 bare=simultaneous@9",
        ),
        (
            {"strategies": "r1@reward", "play": ["simultaneous"], "updates": None},
            "bare=simultaneous bare+harmful=simultaneous bare+placebo=simultaneous "
            "bare+r1@reward=simultaneous",
        ),
    ],
)
def test_players_and_orders_of_play(changes, names):
    assert trial(**changes) == names.split()


def test_all_at_each_are_all_that_can_be_restricted():
    found = {name.removesuffix("@9") for name in trial(strategies="all@each")}
    able = {n: e.players(registry.task(THREE)) for n, e in registry.strategies().items()}
    assert found == {f"bare+{n}@{p}" for n, ps in able.items() if len(ps) > 1 for p in ps}
    assert able["extragradient"] == able["actor_ema"] == ()
    assert able["r1"] == ("reward", "critic")
    both = some_grid(tasks=[THREE, "ring8"], strategies="all,all@each", bases=["bare", "reference"])
    check(both.cells(), 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategies": "r1@each", "tasks": "ring8"}, "no task here has two players for r1@each"),
        ({"bases": "reference", "tasks": "dirac"}, "these tasks have no reference base"),
        ({"strategies": "r1@reward", "tasks": f"{THREE}, ring8"}, "ring8 has no player 'reward'"),
        ({"play": "reversed,actor.critic"}, f"'actor.critic' is no order of play of {THREE}"),
        ({"play": "critic.actor", "tasks": f"ring8,{THREE}"}, f"no order of play of {THREE}"),
        ({"play": []}, "play is empty; name at least one order of play"),
    ],
)
def test_players_and_orders_that_are_not_there(changes, message):
    with pytest.raises((BadGrid, UnknownName, Conflict), match=message):
        trial(**changes)


def test_bases_alone_have_no_controls():
    cells = load_grid("bases").narrowed(("ring8", "dirac"), None, None, None).cells()
    assert [f"{cell.task}/{cell.name}" for cell in cells] == [
        "ring8/bare",
        "ring8/reference",
        "dirac/bare",
    ]
