"""The conformance table: every strategy x every task, and x every player. No name appears here.

Every day on one task of every kind and on a sample of the others; all of them are slow.
"""

from pathlib import Path

import pytest

from bench.contribute.examine import representatives
from bench.contribute.strategy_checks import examined, miniature, strategy_checks
from bench.experiment import registry
from tests.support.sample import sample

pytestmark = pytest.mark.usefixtures("float64", "made_up_data")

TASKS = {name: miniature(task) for name, task in registry.tasks().items()}
STRATEGIES = registry.strategies()
KINDS = representatives()
OTHERS = [name for name in TASKS if name not in KINDS]


def table(tasks: list[str]) -> list[tuple[str, str]]:
    """Task by task, because strategies on the same task share its baseline."""
    return [(task, strategy) for task in tasks for strategy in STRATEGIES]


def scopes(tasks: list[str]) -> list[tuple[str, str]]:
    """Every strategy restricted to every player on which it can act, in games of three and more."""
    return [
        (task, entry.on(player).full_name)
        for task in tasks
        if len(TASKS[task].players) > 2
        for entry in STRATEGIES.values()
        for player in entry.players(TASKS[task])
    ]


CORE = [name for name in OTHERS if TASKS[name].tier == "core"]
DAILY = [*table(KINDS), *sample(table(CORE), len(STRATEGIES), "strategies on tasks")]


SCOPED = scopes(list(TASKS))


def laws_hold(task: str, strategy: str) -> None:
    pair = examined(registry.strategy(strategy), TASKS[task])
    broken = {}
    for law in strategy_checks():
        try:
            law(pair)
        except AssertionError as error:
            broken[law.__name__] = str(error).partition("\n")[0]
    assert broken == {}


@pytest.mark.parametrize(("task", "strategy"), DAILY)
def test_strategy(task: str, strategy: str) -> None:
    laws_hold(task, strategy)


@pytest.mark.parametrize(("task", "strategy"), sample(SCOPED, len(STRATEGIES), "scopes"))
def test_strategy_on_one_player(task: str, strategy: str) -> None:
    laws_hold(task, strategy)


@pytest.mark.slow
@pytest.mark.parametrize(("task", "strategy"), SCOPED)
def test_strategy_on_every_player(task: str, strategy: str) -> None:
    laws_hold(task, strategy)


@pytest.mark.slow
@pytest.mark.parametrize(("task", "strategy"), table(OTHERS))
def test_strategy_everywhere(task: str, strategy: str) -> None:
    laws_hold(task, strategy)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_file_is_complete(name: str) -> None:
    """Name, neutral setting, origin, formula, and a known fact in tests/facts/."""
    entry = STRATEGIES[name]
    task = next(iter(TASKS.values()))
    assert entry.build(task).name == name
    assert entry.module.NEUTRAL
    assert entry.home in {"gan", "rl", "both", "control"}
    assert entry.source
    for values in entry.search.values():
        assert len(values) > 1
    assert (
        entry.search
        or all(isinstance(value, bool) for value in entry.module.NEUTRAL.values())
        or entry.home == "control"
    )
    assert "neutral" in (entry.factory.__doc__ or "") or entry.home == "control"
    facts = Path(__file__).parents[1] / "facts"
    ours = Path(str(entry.module.__file__)).is_relative_to(facts.parents[1] / "strategies")
    assert not ours or (facts / f"test_{name}.py").is_file()
