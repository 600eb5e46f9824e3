"""Numbers that nobody can choose: step 0, and cells that change nothing."""

from __future__ import annotations

import pytest

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.submissions import canaries
from tests.submissions.found import curve, found

RING = "ring8/bare"


def shifted(text: str, by: float, seed: int = 1):
    """Curves whose score at step 0 is another one in a seed."""
    curves = [curve(text, number) for number in range(3)]
    metric = registry.task(text.partition("/")[0]).metrics[0].name
    curves[seed][0]["metrics"][metric] *= 1.0 + by
    return curves


def told(own, merged=()) -> list[str]:
    return [problem.text for problem in canaries.problems(list(own), list(merged))]


def test_step_0_is_the_same_in_every_cell_and_submission() -> None:
    own = [found(RING), found("ring8/bare+r1"), found("ring8/reference")]
    merged = [found(RING, submission="merged")]
    assert told(own, merged) == []
    assert {*canaries.outcomes([*merged, *own]).values()} == {"passed"}


@pytest.mark.parametrize("by", [1e-6, 0.01, 1.0])
def test_another_step_0_is_found(by: float) -> None:
    own = found("ring8/bare+r1", shifted("ring8/bare+r1", by))
    merged = found(RING, submission="merged")
    (text,) = told([own], [merged])
    assert text.startswith("seed 1 starts at ")
    assert canaries.outcomes([merged, own])[own.path] == "failed"


def test_other_machines_round_otherwise() -> None:
    merged = found(RING, submission="merged", cpu="Another")
    assert told([found(RING, shifted(RING, 1e-5))], [merged]) == []
    assert len(told([found(RING, shifted(RING, 0.01))], [merged])) == 1


def test_episodes_are_only_compared_on_the_same_machine() -> None:
    own = found("pendulum/bare", shifted("pendulum/bare", 0.01))
    there = found("pendulum/bare", submission="merged", cpu="Another")
    here = found("pendulum/bare", submission="merged")
    assert told([own], [there]) == []
    assert canaries.outcomes([there, own])[own.path] == "none"
    assert len(told([own], [here])) == 1


def test_most_records_are_believed_and_without_them_the_merged_one() -> None:
    wrong = shifted(RING, 0.5)
    odd = found("ring8/bare+r1", wrong)
    others = [found(RING), found("ring8/bare+r2"), found("ring8/bare+dragan")]
    assert [p.file for p in canaries.problems([odd, *others], [])] == [str(odd.path)]
    merged = found(RING, wrong, submission="merged")
    own = found(RING)
    assert [p.file for p in canaries.problems([own], [merged])] == [str(own.path)]


def test_only_believed_submissions_judge_others() -> None:
    """Three of a stranger's neither outvote one that is believed, nor confirm another stranger."""
    cells = (RING, "ring8/bare+r1", "ring8/bare+r2")
    strange = [found(text, shifted(text, 0.5), submission="strange") for text in cells]
    other = found(RING, submission="other")
    first = found(RING, submission="first")

    def believed(path):
        return path.parent.parent.name == "first"

    outcomes = canaries.outcomes([*strange, other, first], believed)
    assert outcomes.pop(first.path) == "none"
    assert outcomes.pop(other.path) == "passed"
    assert {*outcomes.values()} == {"failed"}
    alone = canaries.outcomes([*strange, other], believed)
    assert {*alone.values()} == {"none"}


def test_what_an_untrained_actor_does_may_be_a_strategy_s_choice() -> None:
    """A policy's entropy changes how the actor acts from the start; a penalty does not."""
    name, r1 = "pendulum/reference+entropy", "pendulum/reference+r1"
    merged = [found("pendulum/reference", submission="merged")]
    assert told([found(name, shifted(name, 0.3))], merged) == []
    assert len(told([found(r1, shifted(r1, 0.3))], merged)) == 1
    both = [found(name, submission="merged"), found(name, shifted(name, 0.3))]
    assert len(told(both[1:], both[:1])) == 1


@pytest.mark.parametrize("name", ["ring8/bare+placebo", "ring8/bare+target_network"])
def test_what_changes_nothing_equals_its_base(name: str) -> None:
    assert canaries.changes_nothing(Cell.parse(name))
    base = found(RING)
    same = found(name, [curve(RING, seed) for seed in range(3)])
    assert told([base, same]) == []
    text = "differs from bare.json, which it cannot: it changes nothing there"
    assert told([base, found(name)]) == [text]
    assert told([found(RING, submission="merged"), base, found(name)]) == [text]


@pytest.mark.parametrize(
    "name", ["ring8/bare+r1", "ring8/bare+placebo+r1", "pendulum/bare+target_network", RING]
)
def test_what_may_change_something_may(name: str) -> None:
    assert not canaries.changes_nothing(Cell.parse(name))


def test_a_placebo_of_another_machine_is_compared_with_nothing() -> None:
    own = [found(RING), found("ring8/bare+placebo", cpu="Another")]
    assert told(own) == []


def test_few_seeds_prove_nothing() -> None:
    own = found(RING, [curve(RING, seed) for seed in range(2)])
    merged = found(RING, submission="merged")
    assert canaries.outcomes([merged, own])[own.path] == "none"
