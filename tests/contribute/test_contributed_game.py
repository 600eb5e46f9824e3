"""The game of CONTRIBUTING.md, examined as it is written there."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bench import tasks
from bench.contribute.diagram import sights
from bench.contribute.strategy_checks import examined, miniature, strategy_checks
from bench.contribute.task_checks import task_checks
from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.learner.task import Task
from bench.training.train import train

NAME = "ring8_two_scales"
PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture
def game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Task]:
    page = PAGE.read_text(encoding="utf-8")
    (code,) = re.findall(rf"`tasks/{NAME}\.py`:\n\n```python\n(.*?)^```", page, re.DOTALL | re.M)
    (tmp_path / f"{NAME}.py").write_text(code)
    monkeypatch.setattr(tasks, "__path__", [str(tmp_path), *tasks.__path__])
    registry.tasks.cache_clear()
    yield registry.task(NAME)
    monkeypatch.undo()
    sys.modules.pop(f"bench.tasks.{NAME}", None)
    vars(tasks).pop(NAME, None)
    registry.tasks.cache_clear()


def test_it_is_a_task(game: Task) -> None:
    for check in task_checks():
        check(miniature(game))


@pytest.mark.parametrize("name", ["r1", "r1@blurred", "spectral_norm@critic", "relativistic"])
def test_strategies_hold_their_laws_on_it(game: Task, name: str) -> None:
    pair = examined(registry.strategy(name), miniature(game))
    for law in strategy_checks():
        law(pair)


def test_the_actor_learns_through_both_critics(game: Task) -> None:
    through = {sight.other for sight in sights(game) if sight.how == "through"}
    assert through == {"blurred", "critic"}


def test_a_strategy_on_one_critic_leaves_the_others_start_alone(game: Task) -> None:
    """In the first update the other critic is the bare game's, bit for bit."""
    bare, scoped = (
        train(Cell.parse(f"{NAME}/{cell}").learner(), range(4), updates=1).state.players
        for cell in ("bare", "bare+r1@blurred")
    )
    for player, same in (("critic", True), ("blurred", False)):
        pairs = zip(bare.params[player].values(), scoped.params[player].values(), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs) == same
