"""The hash that decides what is run again, and what it promises: the same numbers."""

import ast
import inspect
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from bench.experiment import registry, spec
from bench.experiment.cell import Cell
from bench.experiment.grid import load_grid
from bench.experiment.spec import (
    NeutralEdit,
    code_hash,
    module_hash,
    modules,
    needed_modules,
    read_neutral_edits,
    spec_hash,
)
from bench.functional import optim
from bench.training import compilation, environments
from tests.support import trajectories
from tests.support.moves import moved
from tests.support.sample import sample
from tests.support.trajectories import Trajectory

ALL_KINDS = load_grid("full").narrowed(None, ("all",), ("bare",), None).cells()


def unchanged(root: Path) -> None:
    """The copy as it is, whose hashes are computed once."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Callable[..., dict[str, str]]:
    """Hashes of some cells by a copy of the code, in a process of its own."""

    @cache
    def hashes(change: Callable[[Path], None] = unchanged) -> dict[str, str]:
        root = tmp_path_factory.mktemp("tree")
        for package in ("bench", "strategies", "tasks"):
            skip = shutil.ignore_patterns("__pycache__", "report", "engine", "cli")
            shutil.copytree(ROOT / package, root / package, symlinks=True, ignore=skip)
        change(root)
        done = subprocess.run(
            [sys.executable, "-c", PRINT_HASHES],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return hashes


ROOT = Path(__file__).parents[2]
PRINT_HASHES = """
import json, sys
sys.path.insert(0, ".")
from bench.experiment.cell import Cell
from bench.experiment.spec import __file__ as here, spec_hash
assert not here.startswith(sys.prefix)
cells = ["ring8/bare", "ring8/bare+r1", "pendulum/reference", "dirac/bare+extragradient"]
print(json.dumps({cell: spec_hash(Cell.parse(cell)) for cell in cells}))
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bench.functional.rng", "bench.functional.random_keys"),  # renamed; used as rng.fold
        ("bench.functional.optim", "bench.optimizers.adam"),  # moved and renamed; names imported
        ("bench.learner.integrators", "bench.training.play"),
    ],
)
def test_a_module_may_move_and_be_renamed(tree, old: str, new: str) -> None:
    assert tree(lambda root: moved(root, old, new)) == tree()


def test_a_changed_constant_counts_however_deep(tree) -> None:
    """Adam's beta2 concerns all who may use Adam; R1's one half only R1."""

    def edit(path: str, old: str, new: str) -> Callable[[Path], None]:
        def change(root: Path) -> None:
            text = (root / path).read_text()
            assert old in text
            (root / path).write_text(text.replace(old, new))

        return change

    before = tree()
    adam = tree(edit("bench/functional/optim.py", "beta2: float = 0.999", "beta2: float = 0.99"))
    assert not set(adam.values()) & set(before.values())
    r1 = tree(edit("strategies/r1.py", "0.5 * gamma", "0.25 * gamma"))
    assert {cell for cell in before if r1[cell] != before[cell]} == {"ring8/bare+r1"}


def test_the_code_of_a_package_counts(tree) -> None:
    """It runs before its modules do."""

    def change(root: Path) -> None:
        path = root / "tasks" / "__init__.py"
        path.write_text(path.read_text() + "import torch\ntorch.manual_seed(1)\n")

    before, after = tree(), tree(change)
    assert not set(before.values()) & set(after.values())


def test_no_local_name_hides_a_module() -> None:
    """Where one did, a renamed module would change the hash of code that does not use it."""
    for name in {m for cell in ALL_KINDS for m in modules(cell)}:
        code = ast.parse(inspect.getsource(import_module(name)))
        aliases = {
            alias.asname or alias.name
            for node in ast.walk(code)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if spec._is_ours(node.module or "", name)
            and spec._is_module(f"{node.module}.{alias.name}")
        }
        stored = {
            node.id
            for node in ast.walk(code)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        } | {node.arg for node in ast.walk(code) if isinstance(node, ast.arg)}
        assert not aliases & stored, f"{name}: {aliases & stored}"


def test_every_cell_has_its_own_spec():
    cells = load_grid("full").narrowed(None, ("all",), ("bare",), None).cells()
    hashes = {spec_hash(cell) for cell in cells}
    assert len(hashes) == len(cells)


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
    assert "bench.learner.learner" in training
    assert {"bench.functional.optim", "bench.functional.rng"} <= training
    assert "bench.training.environments" in training
    above = ("bench.scoring", "bench.records", "bench.engine", "bench.report", "bench.cli")
    assert not [name for name in training if name.startswith(above)]
    assert {"bench.scoring.metrics", "bench.scoring.mixture"} <= needed_modules("bench.tasks.ring8")
    assert "bench.scoring.classifier" in needed_modules("bench.tasks.digits")
    assert "bench.tasks.family.control" in needed_modules("bench.tasks.pendulum")
    assert "bench.scoring.metrics" not in needed_modules("bench.tasks.pendulum")


STRATEGIES = sample(trajectories.EVERY_STRATEGY, 8, "trajectories")
OTHERS = [one for one in trajectories.EVERY_STRATEGY if one not in STRATEGIES]


@pytest.mark.parametrize("trajectory", [*trajectories.TRAJECTORIES, *STRATEGIES], ids=str)
def test_the_same_hash_means_the_same_numbers(trajectory: Trajectory) -> None:
    """Some updates, as they were before the edits that are said to move no number.

    In float64, where processors round apart by 1e-12 and thirty updates do not make that 1e-7.
    """
    if trajectory.library == "envpool" and not environments.envpool_has("Pendulum-v1"):
        pytest.skip("envpool is not installed")
    if trajectory.code == "compiled" and compilation.compiler() is None:
        pytest.skip("there is no C++ compiler")
    stored = trajectories.stored()[str(trajectory)]
    assert spec_hash(Cell.parse(trajectory.cell)) == stored["spec"], AGAIN
    expected = pytest.approx(stored["numbers"], rel=1e-7, abs=1e-9)
    assert trajectory.numbers() == expected


@pytest.mark.slow
@pytest.mark.parametrize("trajectory", OTHERS, ids=str)
def test_every_strategys_hash_means_the_same_numbers(trajectory: Trajectory) -> None:
    test_the_same_hash_means_the_same_numbers(trajectory)


AGAIN = """
What is stored was made by other code. If an edit was to move no number, enter it by
`python -m tests.support.trajectories --neutral MODULE --since COMMIT --why TEXT`; if it was to,
store new ones by `python -m tests.support.trajectories`.
"""


@pytest.mark.parametrize("edit", read_neutral_edits(), ids=lambda edit: edit.module)
def test_a_neutral_edit_is_in_force_and_is_held_to_its_word(edit: NeutralEdit) -> None:
    assert module_hash(edit.module) == edit.counts_as, f"{edit.module} was edited since: drop it"
    assert edit.counts_as != edit.code
    assert edit.why
    held = {module for one in trajectories.TRAJECTORIES for module in modules(Cell.parse(one.cell))}
    assert edit.module in held, (
        f"nothing holds {edit.module} to its word: add a trajectory of a cell that uses it"
    )


def test_a_neutral_edit_keeps_records_and_any_other_loses_them(tree) -> None:
    """Edits of Adam in a copy of the tree, of which one is entered in the list."""
    before = tree()

    def edit(root: Path, number: str) -> None:
        path = root / "bench/functional/optim.py"
        path.write_text(path.read_text().replace("eps: float = 1e-8", f"eps: float = {number}"))

    def entered(root: Path) -> None:
        edit(root, "2e-8")
        entry = NeutralEdit("bench.functional.optim", adam("2e-8"), adam("1e-8"), "faster")
        listed = root / "bench/experiment/assets/neutral_edits.json"
        others = json.loads(listed.read_text())
        listed.write_text(json.dumps([*others, entry._asdict()]))

    def adam(number: str) -> str:
        text = inspect.getsource(optim).replace("eps: float = 1e-8", f"eps: float = {number}")
        return code_hash(text, optim.__name__)

    assert tree(entered) == before
    assert tree(lambda root: edit(root, "3e-8")) != before

    def edited_again(root: Path) -> None:
        entered(root)
        path = root / "bench/functional/optim.py"
        path.write_text(path.read_text().replace("eps: float = 2e-8", "eps: float = 4e-8"))

    assert tree(edited_again) != before


def test_trajectories_hold_numbers_that_can_differ() -> None:
    """Every stored norm and score is a number, and seeds differ from each other."""
    for stored in trajectories.stored().values():
        scores = stored["numbers"]
        assert all(math.isfinite(value) for value in scores.values())
        # A critic whose weights are all clipped has the same norm with every seed.
        assert any(scores[f"0/{p}"] != scores[f"3/{p}"] for p in ("critic", "actor"))
