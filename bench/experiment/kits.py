"""Bases and kits: the strategies of reference learners, and of published learners."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # lists need no torch
    from bench.learner.task import Task

GRID_FOLDER = Path(__file__).parent / "grids"

REFERENCE: Mapping[str, tuple[str, ...]] = {
    "rl": ("replay", "target_network"),
    "gan": ("low_beta1", "r1"),
    "game": (),
    "extension": (),
    "spiral20": ("low_beta1", "r1"),
    "reacher": ("replay", "target_network"),
    "lqr": ("replay", "target_network"),
    "inverted_pendulum": ("replay", "target_network"),
    "lqr_imitation": ("replay", "target_network"),
    "pendulum_imitation": ("replay", "target_network"),
}
"""The strategies of the reference base, the usual learner, by domain, or by task where a task has
its own; the other base is `bare`. Chosen on seeds 1000 to 1004; results/FINDINGS.md has
the figures."""


def reference(task: Task) -> tuple[str, ...]:
    """Return the strategies of a task's reference base: its own, else its domain's."""
    return reference_of(task.name, task.domain)


def reference_of(task: str, domain: str) -> tuple[str, ...]:
    """Return the same by the names of a task and of its domain."""
    return REFERENCE[task if task in REFERENCE else domain]


KITS: Mapping[str, tuple[str, ...]] = {
    "ddpg": ("replay", "target_network"),
    "crossq": (
        *("batch_norm_joint", "critic_steps", "entropy", "low_beta1", "replay", "twin_critics"),
    ),
    "droq": ("dropout", "entropy", "layer_norm", "replay", "target_network", "twin_critics"),
    "sac": ("entropy", "replay", "target_network", "twin_critics"),
    "td3": ("critic_steps", "replay", "target_network", "target_smoothing", "twin_critics"),
    "sngan": ("critic_steps", "low_beta1", "spectral_norm"),
    "wgan_gp": ("critic_steps", "gradient_penalty", "low_beta1"),
    "r3gan": ("low_beta1", "r1", "r2", "relativistic"),
    "critic_steps_3": ("critic_steps",),
    "low_beta1_0": ("low_beta1",),
}
"""Published learners as lists of strategies; a kit's name may be given wherever a strategy's may.

A kit of one strategy is that strategy as larger kits set it, so that a part of them has a name.

Everything else is the task's: networks, rates, and a GAN's loss, so that `wgan_gp` is WGAN-GP's
penalty and schedule on the non-saturating loss, and `sac`, `crossq` and `droq` have an implicit
policy (see `entropy`). DroQ's actor climbs the mean of both critics, here the minimum that is its
target, too. REDQ is missing: heads are reduced by their minimum or mean, not over random subsets.
"""

KIT_SETTINGS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "crossq": {"critic_steps": {"every": 3}},
    "sngan": {"low_beta1": {"beta1": 0.0}},
    "wgan_gp": {"low_beta1": {"beta1": 0.0}},
    "r3gan": {"low_beta1": {"beta1": 0.0}},
    "critic_steps_3": {"critic_steps": {"every": 3}},
    "low_beta1_0": {"low_beta1": {"beta1": 0.0}},
}
"""kit -> strategy -> settings in place of the strategy's defaults: those of the kit's paper."""


def parts(name: str) -> tuple[str, ...]:
    """Return the names whose sum is the same learner: of a kit its strategies, as it sets them.

    Sorted. A strategy, and a kit of one, is its own part. Raises `LookupError` if a kit sets a
    strategy as no kit of one does.
    """
    members, own = KITS.get(name, (name,)), KIT_SETTINGS.get(name, {})
    if len(members) == 1:
        return (name,)
    return tuple(sorted(_as_set(part, own[part]) if part in own else part for part in members))


def _as_set(strategy: str, settings: Mapping[str, Any]) -> str:
    """Return the kit of one strategy that has these settings."""
    for kit, members in KITS.items():
        if members == (strategy,) and KIT_SETTINGS.get(kit) == {strategy: settings}:
            return kit
    raise LookupError(f"no kit is {strategy} with {dict(settings)}; add one to KITS")


def ablations() -> tuple[str, ...]:
    """Return every kit and every kit without one part, each learner under one name, sorted.

    What is left of a kit is the sum of its other parts. A kit of two parts is a sum, too, as pairs
    are; a larger one goes by its own name.
    """
    several = [kit for kit in KITS if len(parts(kit)) > 1]
    wholes = [kit if len(parts(kit)) > 2 else "+".join(parts(kit)) for kit in several]
    rests = ["+".join(p for p in parts(kit) if p != left) for kit in several for left in parts(kit)]
    return tuple(sorted({*wholes, *rests}))


BASES = ("bare", "reference")
