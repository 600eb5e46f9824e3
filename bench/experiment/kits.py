"""Bases and kits: which strategies make up the usual learner of a domain, or a published one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

GRID_FOLDER = Path(__file__).parent / "grids"

REFERENCE: Mapping[str, tuple[str, ...]] = {
    "rl": ("replay", "target_network"),
    "gan": ("r1",),
    "game": (),
}
"""The usual kit of each domain, the second base beside `bare`. Chosen on seeds 1000 to 1004; the
README's section on bases has the figures."""

KITS: Mapping[str, tuple[str, ...]] = {
    "ddpg": ("replay", "target_network"),
    "sac": ("entropy", "replay", "target_network", "twin_critics"),
    "td3": ("critic_steps", "replay", "target_network", "target_smoothing", "twin_critics"),
    "sngan": ("critic_steps", "low_beta1", "spectral_norm"),
    "wgan_gp": ("critic_steps", "gradient_penalty", "low_beta1"),
    "r3gan": ("r1", "r2", "relativistic"),
}
"""Published learners as lists of strategies; a kit's name stands wherever a strategy's does.

Everything else stays the task's: networks, rates, and a GAN's loss, so that `wgan_gp` is WGAN-GP's
penalty and schedule on the non-saturating loss, `low_beta1` is 0.5 where SNGAN and WGAN-GP take 0,
and `sac` has an implicit policy (see `entropy`).
"""

BASES = ("bare", "reference")
