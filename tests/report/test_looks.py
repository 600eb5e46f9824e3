"""Which seeds and tasks decide, and what cannot change a verdict."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from bench.experiment import registry
from bench.experiment.protocol import BASE_SEEDS
from bench.records.record import Record
from bench.report import families, findings, looks, stats
from tests.support.factories import make_record

ANCHORS = {"low": 1.0, "high": 0.0, "log": False}
TASKS = {
    domain: tuple(
        name
        for name, task in registry.tasks().items()
        if task.domain == domain and task.tier == "core"
    )
    for domain in findings.DOMAINS
}


@pytest.fixture(autouse=True)
def core(few_tasks: None) -> Iterator[None]:
    """Verdicts need all counted tasks here, as they do for users."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings, "counted_tasks", lambda domain: TASKS.get(domain, ()))
        yield


def cell(task: str, domain: str, strategy: str | None = None, **given: object) -> Record:
    """A record of `n` seeds, `shift` deviations better than the base; lower is better."""
    rng = np.random.default_rng(list(f"{task}{strategy}".encode()))
    n, shift = int(str(given.pop("n", 40))), float(str(given.pop("shift", 0.0)))
    scores = rng.normal(0.5 - 0.1 * shift, 0.1, n).tolist()
    place = {"task": task, "domain": domain, "strategy": strategy, "anchors": ANCHORS}
    return make_record(scores=scores, **place | given)


def grid(shifts: dict[str, float], n: int = 40, m: int = BASE_SEEDS) -> list[Record]:
    """The bare base and strategies on every counted task."""
    made = []
    for domain, names in TASKS.items():
        for task in names:
            made.append(cell(task, domain, n=m))
            made += [cell(task, domain, name, n=n, shift=s) for name, s in shifts.items()]
    return made


def row(records: list[Record], label: str, base: str = "bare") -> findings.Finding:
    return next(f for f in findings.study(records).findings[base] if f.label == label)


def test_counted_tasks_are_those_of_the_core_grid_with_a_failure_mode() -> None:
    assert {domain: len(names) for domain, names in TASKS.items()} == {"gan": 8, "rl": 8}
    for domain, names in TASKS.items():
        assert findings.counted_tasks(domain) == names
        assert all(registry.task(name).failure for name in names)


def test_a_missing_task_withholds_the_verdict() -> None:
    records = grid({"r1": 1.5})
    assert row(records, "r1").verdict == "transfers"
    less = [r for r in records if (r.task, r.strategy) != ("grid25", "r1")]
    found = row(less, "r1")
    assert (found.verdict, found.domains["gan"].state) == ("undetermined", "undetermined")
    assert found.domains["gan"].lacking == ("grid25",)
    assert found.domains["rl"].state == "helps"


def test_tasks_that_do_not_count_change_no_verdict() -> None:
    records = grid({"r1": 1.5})
    stray = [cell("mnist", "gan", name, n=5, shift=-9.0) for name in (None, "r1")]
    before, after = row(records, "r1"), row([*records, *stray], "r1")
    assert after.verdict == before.verdict == "transfers"
    assert after.evidence == before.evidence == "claim"
    assert after.domains["gan"].effect.tasks == before.domains["gan"].effect.tasks


def test_rows_beside_change_no_verdict_and_no_p() -> None:
    records = grid({"r1": 0.6, "replay": 0.0}, n=10)
    names = [n for n, e in registry.strategies().items() if e.home != "control"][:40]
    pairs = [cell("ring8", "gan", f"{a}+r2", n=3) for a in names if a != "r2"]
    for label in ("r1", "replay"):
        before, after = row(records, label), row([*records, *pairs], label)
        for domain in findings.DOMAINS:
            one, other = before.domains[domain], after.domains[domain]
            assert (one.state, one.p_adjusted) == (other.state, other.p_adjusted)


def test_families_have_the_size_of_the_catalogue() -> None:
    known = [e for e in registry.strategies().values() if e.home != "control"]
    placed = sum(len(e.instead_of) for e in known)
    assert families.declared_size("bare", 2) == 2 * len(known)
    assert families.declared_size("reference", 2) == 2 * (len(known) + placed)
    assert families.size("further", "bare", 2, 500) == 1000


def test_equal_arms_of_a_few_seeds_are_no_verdict_unless_they_must_be_equal() -> None:
    made = []
    for domain, names in TASKS.items():
        for task in names:
            base = cell(task, domain, n=3)
            scores = [seed.score for seed in base.seeds]
            place = {"task": task, "domain": domain, "anchors": ANCHORS, "scores": scores}
            made += [base, *(make_record(strategy=s, **place) for s in ("huber", "placebo"))]
    assert row(made, "huber").verdict == "undetermined"
    assert row(made, "placebo").verdict == "neutral"


def test_more_seeds_than_the_base_may_have_decide_nothing() -> None:
    """What a verdict rests on are seeds 0 to 99 of the base, and 0 to 39 of the strategy."""
    records = grid({"r1": 0.6}, n=40)
    more = [
        cell(r.task, r.domain, r.strategy, n=160 if r.strategy is None else 60, shift=9.0)
        for r in records
    ]
    grown = [
        old.model_copy(update={"seeds": [*old.seeds, *new.seeds[len(old.seeds) :]]})
        for old, new in zip(records, more, strict=True)
    ]
    for domain in findings.DOMAINS:
        one, other = (row(made, "r1").domains[domain] for made in (records, grown))
        assert (one.state, one.p_adjusted, one.look) == (other.state, other.p_adjusted, other.look)
        assert [e.p for e in one.looks] == [e.p for e in other.looks]


def test_other_seeds_than_the_first_are_no_look() -> None:
    seeds = list(range(5, 15))
    records = [
        cell(r.task, r.domain, r.strategy, n=10, shift=3.0, seeds=seeds) if r.strategy else r
        for r in grid({"r1": 3.0}, n=10)
    ]
    found = row(records, "r1")
    assert (found.verdict, found.domains["gan"].look) == ("undetermined", 0)


def test_a_short_task_ends_the_looks() -> None:
    records = [r for r in grid({"r1": 0.3}, n=20) if (r.task, r.strategy) != ("ring8", "r1")]
    found = row([*records, cell("ring8", "gan", "r1", n=10, shift=0.3)], "r1")
    assert (found.domains["gan"].look, found.domains["rl"].look) == (10, 20)


def test_of_a_removed_strategy_its_own_seeds_are_counted_and_not_the_bases() -> None:
    """The base is the arm with the strategy; looks cut the other one."""
    arms = [
        stats.Arm(tuple(range(n)), np.random.default_rng(n).normal(size=n))
        for n in (BASE_SEEDS, 20)
    ]
    pair = stats.compare("ring8", *arms, stats.Bootstrap(times=1))
    found = looks.at_looks([(pair, True)])
    sizes = [(len(c.treated.seeds), len(c.base.seeds)) for e in found for c in e.comparisons]
    assert sizes == [(BASE_SEEDS, 10), (BASE_SEEDS, 20)]
    turned = looks.at_looks([(stats.compare("ring8", *arms[::-1], pair.boot), False)])
    assert [e.p for e in turned] == pytest.approx([e.p for e in found])


def test_the_seeds_that_would_settle_it_do() -> None:
    """More tests in the family need more seeds."""
    records = grid({"r1": 0.45}, n=10)
    part = row(records, "r1").domains["gan"]
    assert part.state == "undetermined"
    assert part.needed is not None
    assert part.needed % 10 == 0
    assert part.needed > 10
    easier = looks.needed(part.effect, removed=False, family=1)
    assert easier is not None
    assert easier < part.needed
