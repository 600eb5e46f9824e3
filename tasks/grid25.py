"""Grid of 25 Gaussians, 5 x 5: more modes than a small network finds by itself.

Centres at -4, -2, 0, 2, 4 in both coordinates and standard deviation 0.05, as in VEEGAN (Srivastava
et al., 2017, arXiv 1705.07761) and PacGAN (Lin et al., 2018, arXiv 1712.04086).
"""

from typing import ClassVar

from bench.learner.task import Anchors, FailureMode
from bench.scoring.mixture import Mixture, grid
from bench.tasks.family.mixture import MixtureGan


class Grid25(MixtureGan):
    """The mixture task on this grid, with batches of 128."""

    name: ClassVar[str] = "grid25"
    mixture: ClassVar[Mixture] = grid(side=5, spacing=2.0, deviation=0.05)
    batch_rows: ClassVar[int] = 128
    measures_speed: ClassVar[bool] = True
    failure: ClassVar[FailureMode] = FailureMode("mode dropping", "modes", "below", 20.0)
    anchors: ClassVar[Anchors] = Anchors(
        low=2.3, high=0.003, log=True, source="untrained actors; 2,500 real samples (both means)"
    )


task = Grid25()
