"""Looks: when a strategy's effect in a domain is decided, and how often one may look.

Strategies are judged with their first 10, 20 and 40 seeds, against the first 100 of the base. Every
look may err with a share of the 5 %, and the shares add up to it, so that adding seeds where a
verdict is open is paid for. Every report takes all looks that the records allow, in this order,
whether they were run one after the other or at once: nobody can look at more seeds of a strategy
than is paid for. What is decided stays so, once the base has its 100 seeds; before, a verdict is
preliminary.

That some task of a domain is better and another worse is a warning, and outside of these shares.

Within a look p is adjusted by Holm over the whole family, which has one size, however few of its
strategies have records and however many have been decided before.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scipy import stats as distributions

from bench.experiment.protocol import BASE_SEEDS as BASE
from bench.experiment.protocol import LOOK_SEEDS
from bench.records.rank_tests import holm
from bench.report import stats, verdicts


class Look(NamedTuple):
    """How many seeds of a strategy it takes, and the family-wise error that it may spend."""

    seeds: int
    alpha: float


LOOKS = tuple(Look(*each) for each in zip(LOOK_SEEDS, (0.01, 0.02, 0.02), strict=True))


@dataclass(frozen=True)
class Decision:
    """What the looks say; `seeds` of the strategy at the last of them, 0 without any."""

    state: verdicts.State = "undetermined"
    seeds: int = 0
    p_adjusted: float | None = None


def at_looks(
    parts: Sequence[tuple[stats.Comparison, bool]], *, identity: bool = False
) -> list[stats.Effect]:
    """The effect at every look that the records allow, from each task's comparison.

    Beside it stands whether the strategy was removed, so that its base is the treated arm. What is
    the `identity` by definition is looked at with the seeds that there are.
    """
    if identity and all(comparison.identical for comparison, _ in parts):
        return [stats.effect([comparison for comparison, _ in parts])]
    found = []
    for look in LOOKS:
        cut = [_first(comparison, removed, look.seeds) for comparison, removed in parts]
        if not all(cut):
            break
        found.append(stats.effect([each for each in cut if each]))
    return found


def _first(comparison: stats.Comparison, removed: bool, seeds: int) -> stats.Comparison | None:
    """The comparison of the first seeds of both; None if one is missing, or the base is short."""
    arm, base = comparison.treated, comparison.base
    if removed:
        arm, base = base, arm
    # Arms that agree bitwise have the same seeds.
    arm, base = arm.only(range(seeds)), base.only(range(seeds if comparison.identical else BASE))
    if len(arm.seeds) < seeds or len(base.seeds) < verdicts.CLAIM_SEEDS:
        return None
    pair = (base, arm) if removed else (arm, base)
    return stats.compare(comparison.task, *pair, comparison.boot)


def decide(
    effects: Mapping[Hashable, Sequence[stats.Effect]], family: int
) -> dict[Hashable, Decision]:
    """Decide what is tested, each with its effects at the looks, in a family of so many tests."""
    decided = {test: Decision() for test in effects}
    for number, look in enumerate(LOOKS):
        at_hand = {
            test: found[number]
            for test, found in effects.items()
            if len(found) > number and decided[test].state == "undetermined"
        }
        adjusted = holm([found.p for found in at_hand.values()], family)
        for (test, found), p in zip(at_hand.items(), adjusted, strict=True):
            seeds = min(found.runs, look.seeds)
            decided[test] = Decision(verdicts.state(found, p, look.alpha), seeds, p)
    return decided


def needed(found: stats.Effect, *, removed: bool, family: int) -> int | None:
    """How many seeds of the strategy would settle the effect if it stays as it is, in tens.

    By the variance of the placements and the last look's level; None if only more seeds of the base
    or more tasks could.
    """
    tasks = len(found.comparisons)
    strategy = base = 0.0
    for each in found.comparisons:
        own, other = each.placed.treated, each.placed.base / len(each.base.seeds)
        if removed:
            own, other = each.placed.base, each.placed.treated / len(each.treated.seeds)
        strategy, base = strategy + own / tasks**2, base + other / tasks**2
    if not math.isfinite(strategy + base):
        return LOOKS[0].seeds
    distance = abs(found.value - 0.5)
    level = LOOKS[-1].alpha / max(1, family)
    ways = [distance / float(distributions.norm.isf(level / 2.0))]
    if distance < verdicts.EPS:
        normal = float(distributions.norm.isf((1.0 - stats.LEVEL) / 2.0))
        ways.append((verdicts.EPS - distance) / normal)
    enough = [strategy / (way**2 - base) for way in ways if way**2 > base]
    return max(LOOKS[0].seeds, 10 * math.ceil(min(enough) / 10.0)) if enough else None
