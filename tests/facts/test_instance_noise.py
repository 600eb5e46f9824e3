"""Noise of the stated size that fades to nothing; on the Dirac-GAN it damps the critic."""

import pytest
import torch

from bench.experiment import registry
from bench.functional import rng
from bench.learner.problem import CriticQuery, Purpose
from tests.support.closed_form import STEP as H
from tests.support.closed_form import at_point, build, learner

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize(("share", "left"), [(0.0, 1.0), (0.25, 0.75), (1.0, 0.0), (1.5, 0.0)])
def test_the_deviation_fades(share: float, left: float) -> None:
    task = registry.task("ring8")
    players = type("TrainState", (), {"step": torch.tensor(int(share * task.updates))})()
    context = type("Context", (), {"task": task, "players": players, "key": rng.seed_key(0)})()
    zeros = torch.zeros(20_000, 2)
    made = build("instance_noise", "ring8", deviation=0.3).critic_query(
        CriticQuery.without_target("actor", zeros[:, :0], zeros), context
    )
    assert float(made.action.std()) == pytest.approx(0.3 * left, rel=0.02)


def test_it_damps_the_critic_of_the_dirac_gan() -> None:
    """At the equilibrium d(psi step)/d(psi) = -h (e_1^2 + e_2^2) / 4, on average -h sd^2 / 2."""
    deviation = 0.8
    what = learner("dirac", build("instance_noise", "dirac", deviation=deviation))
    keys = torch.stack([rng.seed_key(seed) for seed in range(1500)])

    def entry(key: torch.Tensor) -> torch.Tensor:
        def psi_after(point: torch.Tensor) -> torch.Tensor:
            state, _ = what.update(at_point(what.init(key), point), what.task.blank(0), key)
            return state.players.critic["0/weight"].reshape(())

        return torch.func.jacrev(psi_after)(torch.zeros(2))[1]

    entries = torch.func.vmap(entry)(keys)
    # Mean of 1,500 numbers of deviation h sd^2 / 2: 4 standard errors.
    error = 4 * H * deviation**2 / 2 / 1500**0.5
    assert float(entries.mean()) == pytest.approx(1 - H * deviation**2 / 2, abs=error)


def test_every_purpose_has_noise_of_its_own() -> None:
    players = type("TrainState", (), {"step": torch.tensor(0)})()
    context = type(
        "Context", (), {"task": registry.task("ring8"), "players": players, "key": rng.seed_key(0)}
    )()
    zeros = torch.zeros(5, 2)
    purposes: list[Purpose] = ["critic", "actor", "target"]
    made = [
        build("instance_noise", "ring8")
        .critic_query(CriticQuery.without_target(purpose, zeros, zeros), context)
        .action
        for purpose in purposes
    ]
    assert len({float(noise[0, 0]) for noise in made}) == 3
