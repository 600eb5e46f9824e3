"""The hash that decides what is run again, and what it promises: the same numbers."""

import importlib.util
import math
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from bench.experiment import registry, spec
from bench.experiment.cell import Cell
from bench.experiment.grid import load_grid
from bench.experiment.spec import (
    NeutralEdit,
    code_hash,
    modules,
    needed_modules,
    neutral_edits,
    spec_hash,
)
from bench.training import compilation, environments
from tests.support import trajectories
from tests.support.trajectories import Trajectory

CELLS = [
    Cell(task, "bare", strategy)
    for task in ("dirac", "bilinear")
    for strategy in (None, "r1", "replay", "placebo")
]


def module(folder: Path, name: str, text: str) -> ModuleType:
    path = folder / f"{name}.py"
    path.write_text(text)
    plan = importlib.util.spec_from_file_location(name, path)
    assert plan is not None
    assert plan.loader is not None
    made = importlib.util.module_from_spec(plan)
    plan.loader.exec_module(made)
    return made


PLAIN = 'LIMIT = 3\n\n\ndef f(x: float) -> float:\n    return x * 2.0 if x else "" or None\n'
SAME = [
    '"""Words."""\n# More words.\n' + PLAIN.replace("return", '"""Words."""\n\n    return'),
    PLAIN.replace("LIMIT = 3", "LIMIT = (3)  # why").replace("\n\n\n", "\n"),
    PLAIN.replace("    return", "        return"),
]
OTHER = [
    PLAIN.replace("2.0", "2.5"),
    PLAIN.replace("2.0", "2"),
    PLAIN.replace("x * 2.0", "2.0 * x"),
    PLAIN.replace("3", "True"),
    PLAIN.replace('""', "0"),
    PLAIN.replace("or None", "or False"),
    PLAIN.replace("LIMIT", "LIMITS"),
    PLAIN + "LIMIT = 4\n",
]


@pytest.mark.parametrize("text", SAME)
def test_words_and_layout_do_not_count(tmp_path, text):
    one = code_hash(module(tmp_path, "one", PLAIN))
    assert code_hash(module(tmp_path, "two", text)) == one


def test_every_change_of_code_counts(tmp_path):
    hashes = [code_hash(module(tmp_path, f"m{i}", text)) for i, text in enumerate([PLAIN, *OTHER])]
    assert len(set(hashes)) == len(hashes)


def test_every_cell_has_its_own_spec():
    cells = load_grid("full").narrowed(None, ("all",), ("bare",), None).cells()
    hashes = {spec_hash(cell) for cell in cells}
    assert len(hashes) == len(cells)


def test_an_edit_concerns_just_the_cells_it_touches(monkeypatch):
    before = {cell: spec_hash(cell) for cell in CELLS}

    def edited(name):
        monkeypatch.setattr(
            spec,
            "code_hash",
            lambda module: code_hash(module) + ("edited" * (module.__name__ == name)),
        )
        return {cell for cell in CELLS if spec_hash(cell) != before[cell]}

    assert edited("strategies.r1") == {cell for cell in CELLS if cell.strategy == "r1"}
    assert edited("tasks.dirac") == {cell for cell in CELLS if cell.task == "dirac"}
    assert edited("tasks.family.point") == set(CELLS)
    assert edited("bench.report") == set()


def test_settings_and_data_count(monkeypatch):
    cell = Cell("dirac", "bare", "gradient_penalty")
    before = spec_hash(cell)
    with monkeypatch.context() as patch:
        defaults = registry.strategy("gradient_penalty").module.DEFAULTS
        patch.setitem(defaults, "game", {"weight": 7.0})
        assert spec_hash(cell) != before
    with monkeypatch.context() as patch:
        patch.setattr(type(registry.task("dirac")), "sources", lambda task: {"other": "data"})
        assert spec_hash(cell) != before
    assert spec_hash(cell) == before
    assert spec_hash(replace(cell, updates=10)) != before


def test_the_hash_follows_imports_however_deep():
    """Training needs the learner and its optimizers, a GAN its scores; neither needs the report."""
    training = needed_modules("bench.training.train")
    assert {
        "bench.learner.learner",
        "bench.functional.optim",
        "bench.functional.rng",
        "bench.training.environments",
    } <= training
    assert not training & {
        "bench.scoring.metrics",
        "bench.records.record",
        "bench.engine.plan",
        "bench.report",
    }
    assert {"bench.scoring.metrics", "bench.scoring.mixture"} <= needed_modules("tasks.ring8")
    assert "bench.scoring.classifier" in needed_modules("tasks.digits")
    assert "tasks.family.control" in needed_modules("tasks.pendulum")
    assert "bench.scoring.metrics" not in needed_modules("tasks.pendulum")


@pytest.mark.parametrize("trajectory", trajectories.TRAJECTORIES, ids=str)
def test_the_same_hash_means_the_same_numbers(trajectory: Trajectory) -> None:
    """Thirty updates, as they were before the edits that are said to move no number.

    In float64, where processors round apart by 1e-12 and thirty updates do not make that 1e-7.
    """
    if trajectory.backend == "envpool" and not environments.serves("Pendulum-v1"):
        pytest.skip("envpool is not installed")
    if trajectory.code == "compiled" and compilation.compiler() is None:
        pytest.skip("there is no C++ compiler")
    stored = trajectories.stored()[str(trajectory)]
    assert spec_hash(Cell.parse(trajectory.cell)) == stored["spec"], AGAIN
    expected = pytest.approx(stored["numbers"], rel=1e-7, abs=1e-9)
    assert trajectory.numbers() == expected


AGAIN = """
What is stored was made by other code. If an edit was to move no number, enter it by
`python -m tests.support.trajectories --neutral MODULE --since COMMIT --why TEXT`; if it was to, store new
ones by `python -m tests.support.trajectories`.
"""


@pytest.mark.parametrize("name", neutral_edits())
def test_a_neutral_edit_is_the_modules_last_and_is_held_to_its_word(name: str) -> None:
    edit, now = neutral_edits()[name], code_hash(import_module(name))
    assert edit.code == now, f"{name} was edited since: enter that too, or drop its entry"
    assert edit.counts_as != now
    assert edit.why
    held = {module for one in trajectories.TRAJECTORIES for module in modules(Cell.parse(one.cell))}
    assert name in held, (
        f"nothing holds {name} to its word: add a trajectory of a cell that uses it"
    )


def test_a_neutral_edit_keeps_records_and_any_other_loses_them(monkeypatch) -> None:
    before = {cell: spec_hash(cell) for cell in CELLS}
    was, real = code_hash(registry.strategy("r1").module), code_hash
    r1 = NeutralEdit(code="new", counts_as=was, why="faster")
    edits = {**neutral_edits(), "strategies.r1": r1}
    monkeypatch.setattr(spec, "neutral_edits", lambda: edits)
    for code, changed in (("new", set()), ("newer", {c for c in CELLS if c.strategy == "r1"})):
        monkeypatch.setattr(
            spec,
            "code_hash",
            lambda module, code=code: code if module.__name__ == "strategies.r1" else real(module),
        )
        assert {cell for cell in CELLS if spec_hash(cell) != before[cell]} == changed


def test_trajectories_hold_numbers_that_can_differ() -> None:
    """Every stored norm and score is a number, and seeds differ from each other."""
    for stored in trajectories.stored().values():
        scores = stored["numbers"]
        assert all(math.isfinite(value) for value in scores.values())
        assert scores["0/critic"] != scores["3/critic"]
