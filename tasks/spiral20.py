"""Spiral of 20 Gaussians: neighbours are near along the arm, far across it.

Two turns out to radius 4, with standard deviation 0.05; neighbouring turns are 2 apart. Of a dozen
strategies that were tried on seeds that no result uses, none wins against the reference base with a
probability of more than 0.6: a game, which counts in no verdict.
"""

from typing import ClassVar

from bench.learner.problem import Domain
from bench.learner.task import Anchors
from bench.scoring.mixture import Mixture, spiral
from bench.tasks.family.mixture import MixtureGan


class Spiral20(MixtureGan):
    """The mixture task on this spiral, with batches of 128."""

    name: ClassVar[str] = "spiral20"
    domain: ClassVar[Domain] = "game"
    kinds: ClassVar[tuple[str, ...]] = ("gan", "toy")
    mixture: ClassVar[Mixture] = spiral(modes=20, turns=2.0, radius=4.0, deviation=0.05)
    batch_rows: ClassVar[int] = 128
    anchors: ClassVar[Anchors] = Anchors(
        low=2.3, high=0.003, log=True, source="untrained actors; 2,500 real samples (both means)"
    )


task = Spiral20()
