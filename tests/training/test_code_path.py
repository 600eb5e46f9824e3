"""Whether updates are compiled is the task's to say, and it says what saves time."""

from __future__ import annotations

from typing import Any

import pytest

from bench.experiment import registry
from bench.learner.task import Task
from bench.training import compilation
from bench.training.trace import Recording
from bench.training.train import _Trainer, train
from tests.support.closed_form import learner

CORE = [name for name, task in registry.tasks().items() if task.tier == "core"]
SEEDS = 4


class Enough(Exception):
    """Of training: the update is recorded."""


def asked(monkeypatch: pytest.MonkeyPatch, task: Task, updates: int | None) -> tuple[Any, ...]:
    """The recording of the bare learner's update, and whether training asks for it compiled."""
    noted: list[tuple[Recording, bool]] = []

    def best(recording: Recording, *_: Any, compile_it: bool) -> Any:
        noted.append((recording, compile_it))
        raise Enough

    monkeypatch.setattr(compilation, "best", best)
    # What an untrained actor is worth takes longer than to record its update.
    monkeypatch.setattr(_Trainer, "_evaluate", lambda *_: [])
    with pytest.raises(Enough):
        train(learner(task.name), range(SEEDS), updates=updates, library="gymnasium")
    return noted[0]


@pytest.mark.usefixtures("made_up_data")
@pytest.mark.parametrize("name", CORE)
def test_a_core_task_says_what_pays_for_its_own_budget(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Of the bare learner, so that all of a task's cells run the same way."""
    task = registry.task(name)
    recording, compile_it = asked(monkeypatch, task, None)
    assert compile_it is task.compiled
    assert compilation.pays(recording, task.updates, SEEDS) is task.compiled


@pytest.mark.parametrize("says", [True, False])
@pytest.mark.parametrize("pays", [True, False])
def test_another_budget_is_compiled_if_it_pays(
    monkeypatch: pytest.MonkeyPatch, says: bool, pays: bool
) -> None:
    monkeypatch.setattr(compilation, "pays", lambda *_: pays)
    task = registry.task("dirac")
    monkeypatch.setattr(type(task), "compiled", says)
    for updates, expected in ((None, says), (task.updates, says), (task.updates + 1, pays)):
        assert asked(monkeypatch, task, updates)[1] is expected


def test_what_pays_is_asked_of_the_calls_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int]] = []
    monkeypatch.setattr(compilation, "pays", lambda _, *given: calls.append(given))  # type: ignore[func-returns-value]
    asked(monkeypatch, registry.task("dirac"), 77)
    assert calls == [(77, SEEDS)]
