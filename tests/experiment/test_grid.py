"""Cells and grids."""

import pytest
import yaml
from pydantic import ValidationError

from bench.engine.plan import check
from bench.experiment import grid, registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.grid import Grid, load_grid
from bench.experiment.kits import GRID_FOLDER, KITS, REFERENCE
from bench.experiment.registry import UnknownName
from bench.experiment.spec import spec_hash
from bench.learner.strategy import Conflict
from tests.support.fakes import bench
from tests.support.small import one_error

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
    words = {key: [raw[key]] for key in ("tasks", "strategies") if isinstance(raw[key], str)}
    assert chosen.model_dump(mode="json", exclude_unset=True) == raw | words
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


def test_a_grid_by_its_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("about: mine\ntasks: [dirac]\nstrategies: []\nbases: [bare]\nseeds: 3\n")
    mine = load_grid(str(path))
    assert [cell.name for cell in mine.cells()] == ["bare", "bare+harmful", "bare+placebo"]
    assert mine.seeds == 3


START = "about: a test\ntasks: [dirac]\nstrategies: [r1]\nbases: [bare]\n"
SEEDS = "not a whole number from 1 to 1000; write, for example, seeds: 10"
UPDATES = "not a whole number from 1, or null; write, for example, updates: 2000"
TEXTS = "010 yes on ten 0x10 0o17 1_000 1,000 1:30 2026-13-45 2026-07-13 .inf +3 True".split()
VALUES = {"0": "0", "-5": "-5", "1001": "1001", "3.0": "3.0", "1e2": "100.0", "true": "true"}
VALUES |= {"": "empty", "null": "empty", "[10]": "a list", "{n: 10}": "a mapping", "'10'": "'10'"}
VALUES |= {"9" * 5000: f"'{'9' * 35}...'"} | {text: f"'{text}'" for text in TEXTS}
BROKEN = [
    *((f"\nseeds: {text}", 6, f"seeds is {shown}, {SEEDS}") for text, shown in VALUES.items()),
    ("updates: on", 5, f"updates is 'on', {UPDATES}"),
    ("seeds: 3\nupdates: 0", 6, f"updates is 0, {UPDATES}"),
    ("seeds: 3\nupdats: 9", 6, "unknown key 'updats'; did you mean 'updates'?"),
    ("qqqq: 1", 5, "unknown key 'qqqq'; write about, tasks, strategies, bases, seeds, updates"),
    ("seeds: 3\nseeds: 4", 6, "'seeds' already stands on line 5; write each key once"),
    ('seeds: !!int "ten"', 5, "'!' begins a tag, which is not read; write the value itself"),
    ("seeds: 3\nupdates: *all", 6, "'*' begins an alias, which is not read; write the value"),
    ("seeds: " + "[" * 5000, 5, "more than 20 levels deep; write it flatter"),
]
WHOLE = [
    ("", 1, "the file holds no keys; write lines of key: value"),
    ("{}", 1, "about is missing; write, for example, about: "),
    ("\nabout: a\nstrategies: all", 2, "tasks is missing; write, for example, tasks: [ring8, "),
    ("about: a\ntaks: all\nstrategies: all", 2, "unknown key 'taks'; did you mean 'tasks'?"),
    ("tasks: all\nseeds: 0\nstrategies: all\nabout: 1", 2, f"seeds is 0, {SEEDS}"),
    ("about: 10\ntasks: all\nstrategies: all", 1, "about is 10, not a text in quotes; write, "),
    ("about: a\ntasks:\nstrategies: all", 2, "tasks is empty, not a list of names, "),
    ("about: a\ntasks: all\nstrategies: 1", 3, "strategies is 1, not a list of names, "),
    ("about: a\ntasks: {x: 1}\nstrategies: []", 2, "tasks is a mapping, not a list of names, "),
    ("about: a\nstrategies: []\ntasks:\n- x\n- 10", 5, "item 2 of tasks is 10, but tasks is a l"),
    ("about: a\ntasks: [\n[x]]\nstrategies: all", 3, "item 1 of tasks is a list, but tasks is a"),
    ("about: a\ntasks: 'x,'\nstrategies: all", 2, "item 2 of tasks is '', but tasks is a list"),
    ("about: a\ntasks: [\n", 2, "close the bracket"),
    ("about: a\ntasks:\n\t- dirac\n", 3, "indent with spaces, not with tabs"),
    ("about: a\n# \udce9\n", 2, "the byte 0xe9 is not UTF-8; save it as UTF-8"),
    ("about: a\n\0", 2, "the character U+0000 is not text; remove it"),
]


@pytest.mark.parametrize(
    ("text", "line", "message"), [*((START + text, *rest) for text, *rest in BROKEN), *WHOLE]
)
def test_a_broken_grid_file_is_one_line_with_file_line_and_what_to_write(
    tmp_path, monkeypatch, capsys, text, line, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.yaml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BadGrid) as error:
        load_grid("my.yaml")
    assert str(error.value).startswith(f"my.yaml, line {line}: ")
    assert message in str(error.value)
    assert str(error.value).isprintable()
    assert bench("run", "--grid", "my.yaml", "--dry-run") == 2
    assert one_error(capsys) == str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["my.yaml"]


@pytest.mark.parametrize(
    ("text", "seeds", "updates"),
    [("", 10, None), ("seeds: 1000 # all\nupdates: 1", 1000, 1), ("updates:", 10, None)],
)
def test_numbers_in_a_grid_file(tmp_path, text, seeds, updates):
    path = tmp_path / "my.yml"
    path.write_text(START + text)
    found = load_grid(str(path))
    assert (found.seeds, found.updates) == (seeds, updates)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("r1", ("r1",)),
        ("r1, replay", ("r1", "replay")),
        ("\n- r1\n- r1+replay", ("r1", "r1+replay")),
        ("[]", ()),
    ],
)
def test_names_in_a_grid_file(tmp_path, text, names):
    path = tmp_path / "my.yaml"
    path.write_text(f"about: yes\ntasks: [dirac]\nstrategies: {text}\n")
    found = load_grid(str(path))
    assert (found.about, found.strategies, found.bases) == ("yes", names, ("bare", "reference"))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("tasks: [dirac]\nstrategies: [r1, on]", 3, "unknown strategy 'on'; known: "),
        (
            "tasks: [dirac]\nstrategies:\n- r1\n- replya",
            5,
            "unknown strategy 'replya'; did you mean",
        ),
        ("tasks: [dirac]\nstrategies: [r1+]", 3, "'r1+' is no strategy; separate names by commas"),
        ("tasks: [dirac]\nstrategies: [+r1]", 3, "'+r1' is no strategy"),
        ("tasks: [dirac]\nstrategies: [r1++r2]", 3, "'r1++r2' is no strategy"),
        ("tasks: [dirac]\nstrategies: ['r1 + r2']", 3, "'r1 + r2' is no strategy"),
        ("tasks: [dirac]\nstrategies: [' r1 ']", 3, "' r1 ' is no strategy"),
        ("tasks: [dirac]\nstrategies: [r1, 010]", 3, "unknown strategy '010'"),
        ("tasks: [dirac]\nstrategies: [core]", 3, "unknown strategy 'core'"),
        ("tasks: dirac ring8\nstrategies: all", 2, "'dirac ring8' is no task; separate names by"),
        (
            "tasks: [dirac, diracc]\nstrategies: all",
            2,
            "unknown task 'diracc'; did you mean",
        ),
        (
            "strategies: all\ntasks:\n- dirac\n -ring8",
            4,
            "'dirac -ring8' goes on over lines",
        ),
        ("tasks: [all]\nstrategies: all\nbases: [bare, all]", 4, "unknown base 'all'"),
        (
            "tasks: [all]\nstrategies: all\nbases: refrence",
            4,
            "unknown base 'refrence'; did",
        ),
        ("tasks: all, qqqq\nstrategies: all", 2, "unknown task 'qqqq'"),
    ],
)
def test_names_that_do_not_exist_are_named_with_file_and_line(tmp_path, text, line, message):
    path = tmp_path / "my.yaml"
    path.write_text(f"about: a\n{text}\n")
    with pytest.raises(BadGrid) as error:
        load_grid(str(path))
    assert str(error.value).startswith(f"{path}, line {line}: {message}")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder.yaml", "folder.yaml is a folder; name a YAML file in it"),
        ("folder/", "folder is a folder; name a YAML file in it"),
        ("folder/demo", "there is no file folder/demo; give a grid file, or a name: core, demo"),
        ("demo.yaml", "there is no file demo.yaml; give a grid file, or a name: core, demo, full"),
        ("mine.yaml/x", "mine.yaml/x cannot be read: Not a directory; name another file"),
        ("loop.yaml", "loop.yaml cannot be read: Too many levels of symbolic links; name another"),
        ("dmeo", "unknown grid 'dmeo'; did you mean 'demo'?"),
        ("x" * 300, f"unknown grid '{'x' * 300}'; known: core, demo, full"),
    ],
)
def test_names_and_paths_without_a_grid(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    for folder in ("folder", "folder.yaml"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mine.yaml").write_text(START)
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    with pytest.raises((BadGrid, UnknownName)) as error:
        load_grid(name)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "wrong", [{"seeds": "10"}, {"seeds": True}, {"seeds": 3.0}, {"updates": "9"}, {"tasks": [1]}]
)
def test_a_grid_takes_no_value_for_another(wrong):
    with pytest.raises(ValidationError):
        some_grid(**wrong)


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
