"""The shape of the code: imports go down, seeds are a dimension in one file, no domain is named."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.experiment import registry

ROOT = Path(__file__).resolve().parent.parent
FLOORS = [
    ["bench.functional.rng", "bench.functional.pytree", "bench.records.files"],
    [
        *(
            "bench.functional.layers",
            "bench.functional.optim",
            "bench.learner.task",
            "bench.learner.integrators",
            "bench.learner.strategy",
        ),
        *(
            "bench.functional.conv",
            "bench.scoring.mixture",
            "bench.learner.replay",
            "bench.functional.batch_layers",
            "bench.functional.wrappers",
            "bench.learner.prioritized_replay",
            "bench.functional.augment",
        ),
    ],
    [
        *("bench.learner.learner", "bench.scoring.metrics", "bench.scoring.classifier"),
        *("bench.scoring.datasets", "bench.scoring.inception"),
    ],
    ["tasks", "strategies"],
    [
        *(
            "bench.experiment.registry",
            "bench.training.environments",
            "bench.training.rollout",
            "bench.experiment.grid",
            "bench.experiment.spec",
        ),
        *("bench.training.trace", "bench.training.compilation", "bench.training.train"),
        *(
            "bench.records.record",
            "bench.experiment.costs",
            "bench.records.actors",
            "bench.records.provenance",
            "bench.engine.plan",
            "bench.records.search",
            "bench.engine.tune_plan",
            "bench.engine.tune_results",
            "bench.engine.fault_injection",
            "bench.engine.watchdog",
            "bench.engine.trial",
            "bench.engine.writer",
            "bench.engine.dispatch",
            "bench.report.tensorboard",
            "bench.contribute.strategy_checks",
            "bench.contribute.task_checks",
            "bench.engine.progress",
        ),
        *("bench.engine.cluster", "bench.engine.serial_engine", "bench.engine.ray_engine"),
    ],
    [
        *(
            "bench.report.stats",
            "bench.report",
            "bench.records.validate",
            "bench.cli.listing",
            "bench.report.show",
        ),
        *(
            "bench.cli.errors",
            "bench.contribute.examine",
            "bench.engine.preflight",
            "bench.commands",
        ),
        *("bench.cli.app", "bench.__main__"),
    ],
]
SOURCES = [
    path
    for folder in ("bench", "tasks", "strategies")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def floor(name: str) -> int | None:
    for number, names in enumerate(FLOORS):
        if any(name == known or name.startswith(known + ".") for known in names):
            return number
    return None


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from bench import rng` imports bench.functional.rng.
            yield from (
                (f"{node.module}.{a.name}" for a in node.names)
                if node.module
                in {
                    "bench",
                    "tasks",
                    "strategies",
                }
                else (node.module,)
            )


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_imports_only_go_down(path: Path) -> None:
    name = module(path)
    if name == "bench":
        return
    own = floor(name)
    assert own is not None, f"{name} stands on no floor: add it to FLOORS"
    for target in imported(path):
        below = floor(target)
        assert below is None or below <= own, f"{name} imports {target}, which is above it"
        if name.startswith("strategies."):
            assert not target.startswith(("strategies", "tasks")), f"{name} imports {target}"
        if name.startswith("tasks."):
            assert not target.startswith("strategies"), f"{name} imports {target}"
            assert not target.startswith("tasks") or target.startswith("tasks.family")


def test_seeds_are_a_dimension_in_one_file() -> None:
    """Only training batches over seeds; the examination of strategies does, to check just that.

    What `bench.functional.batch_layers` puts side by side are groups of rows of one seed's batch.
    """
    users = {module(path) for path in SOURCES if "vmap(" in path.read_text()}
    assert users == {
        "bench.training.train",
        "bench.contribute.strategy_checks",
        "bench.functional.batch_layers",
    }


def test_ray_is_imported_in_one_file() -> None:
    users = {module(path) for path in SOURCES if "ray" in {n.split(".")[0] for n in imported(path)}}
    assert users == {"bench.engine.ray_engine"}


@pytest.mark.parametrize(
    "name", ["learner", "strategy", "steps", "train", "trace", "compiled", "environments", "world"]
)
def test_the_core_asks_for_no_domain_and_no_strategy(name: str) -> None:
    tree = ast.parse((ROOT / "bench" / f"{name}.py").read_text())
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    assert not texts & {"gan", "rl", "game", *registry.strategies(), *registry.tasks()}


def test_the_learner_fits_in_a_head() -> None:
    assert len((ROOT / "bench" / "learner.py").read_text().splitlines()) < 250


def test_no_file_is_too_long() -> None:
    for path in SOURCES:
        assert len(path.read_text().splitlines()) <= 350, path
