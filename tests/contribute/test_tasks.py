"""Every task is examined by the checks for tasks. No name of one appears here.

What plays long episodes or draws thousands of images is slow for tasks of the full tier.
"""

from collections.abc import Callable

import pytest

from bench.contribute.strategy_checks import miniature
from bench.contribute.task_checks import (
    evaluation_leaves_no_trace,
    task_checks,
    untrained_scores_are_an_untrained_policys,
)
from bench.experiment import registry
from bench.learner.task import Task

pytestmark = pytest.mark.usefixtures("float64", "made_up_data")

TASKS = registry.tasks()
LONG = (evaluation_leaves_no_trace, untrained_scores_are_an_untrained_policys)


def examinations() -> list[object]:
    return [
        pytest.param(
            check,
            name,
            marks=[pytest.mark.slow] if check in LONG and task.tier == "full" else [],
            id=f"{check.__name__}-{name}",
        )
        for name, task in TASKS.items()
        for check in task_checks()
    ]


@pytest.mark.parametrize(("check", "task"), examinations())
def test_task(check: Callable[[Task], None], task: str) -> None:
    reason = TASKS[task].missing()
    if reason is not None and check is untrained_scores_are_an_untrained_policys:
        pytest.skip(reason)
    check(miniature(TASKS[task]))


@pytest.mark.parametrize("name", TASKS)
def test_every_task_file_is_complete(name: str) -> None:
    """A score with a direction, anchors in its order, and where they come from."""
    task = TASKS[name]
    score, anchors = task.metrics[0], task.anchors
    assert score.better in {"higher", "lower"}
    assert (anchors.high > anchors.low) == (score.better == "higher")
    assert anchors.normalised(anchors.low) == pytest.approx(0.0)
    assert anchors.normalised(anchors.high) == pytest.approx(1.0)
    assert len(anchors.source) > 5
    assert (task.samples > 0) != (task.episodes > 0)
    assert len({metric.name for metric in task.metrics}) == len(task.metrics)
