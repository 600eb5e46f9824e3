"""Verdicts: the state of an effect in one domain, and the verdict over two domains."""

from __future__ import annotations

from typing import Literal, get_args

from bench.experiment.protocol import BASE_SEEDS
from bench.report.stats import LEVEL, Effect

EPS = 0.1
"""Half-width of the equivalence region: an effect whose interval lies within 0.5 +- EPS is
equivalent, even if the interval excludes 0.5."""
CLAIM_SEEDS = 10
"""Of each arm: below there is no verdict, but for arms that agree bitwise."""
CLAIM_BASE_SEEDS = BASE_SEEDS
"""Of the base: below a verdict is preliminary. All strategies share its luck, and with more of its
seeds a verdict may change."""

State = Literal["helps", "hurts", "mixed", "equivalent", "undetermined", "inert", "missing"]
ORDER_OF_STATES: tuple[State, ...] = get_args(State)
VERDICTS = (
    "transfers",
    "GAN only",
    "RL only",
    "conflicts",
    "neutral",
    "harmful",
    "hurts GAN only",
    "hurts RL only",
    "mixed",
    "undetermined",
)


def state(found: Effect, adjusted_p: float, alpha: float = 1.0 - LEVEL) -> State:
    """The state of an effect: "mixed", "equivalent", "helps", "hurts", or "undetermined".

    Mixed: one task is significantly better and another significantly worse, so that a mean over
    tasks would hide what it says; a warning, and so at 5 % at every look. Equivalent: the interval
    lies within 0.5 +- EPS, and there are at least ten seeds or the arms agree bitwise; at a look it
    is so long that each end errs with a probability of at most alpha. Helps or hurts: the adjusted
    p, of the exact test and of the interval, is at most alpha.
    """
    if found.mixed(1.0 - LEVEL):
        return "mixed"
    low, high = found.score.limits(max(LEVEL, 1.0 - 2.0 * alpha))
    within = low >= 0.5 - EPS and high <= 0.5 + EPS
    if within and (found.identical or found.runs >= CLAIM_SEEDS):
        return "equivalent"
    if adjusted_p <= alpha + 1e-12 and found.value != 0.5:
        return "helps" if found.value > 0.5 else "hurts"
    return "undetermined"


def verdict(gan: State, rl: State) -> str:
    """The verdict over two domains. Undetermined never counts as no effect.

    An inert domain (the strategy provably changes nothing there) counts as an equivalent one. What
    is mixed within a domain is mixed.
    """
    if {"undetermined", "missing"} & {gan, rl}:
        return "undetermined"
    if "mixed" in {gan, rl}:
        return "mixed"
    signs = {"helps": 1, "hurts": -1, "equivalent": 0, "inert": 0}
    return {
        (1, 1): "transfers",
        (1, 0): "GAN only",
        (0, 1): "RL only",
        (1, -1): "conflicts",
        (-1, 1): "conflicts",
        (0, 0): "neutral",
        (-1, -1): "harmful",
        (-1, 0): "hurts GAN only",
        (0, -1): "hurts RL only",
    }[signs[gan], signs[rl]]


def evidence(runs: int, base: int) -> str:
    """How strong the evidence of so many seeds is: "smoke test", "preliminary" or "claim".

    `runs` are the fewest seeds of any arm, `base` those of any base.
    """
    if runs < CLAIM_SEEDS:
        return "smoke test"
    return "claim" if base >= CLAIM_BASE_SEEDS else "preliminary"
