"""On the Dirac-GAN the critic's slope is psi everywhere: the penalty is gamma/2 psi^2."""

import pytest

from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_closed_form_of_the_penalty(gamma: float) -> None:
    (start, _), plain = run(learner("dirac"), 1)
    _, penalised = run(learner("dirac", build("r2", "dirac", gamma=gamma)), 1)
    psi = float(start.players.critic["0/weight"])
    added = float(penalised.losses["critic"] - plain.losses["critic"])
    assert added == pytest.approx(0.5 * gamma * psi**2)


def test_it_looks_at_the_actors_half_and_r1_at_the_data() -> None:
    """On the ring with one sample moved far away only R2 sees the slope there."""
    import torch

    from bench.experiment import registry
    from bench.functional import rng
    from bench.learner.problem import Half

    task, key = registry.task("ring8"), rng.seed_key(0)
    what = learner("ring8")
    players = what.init(key).players
    seen: dict[str, torch.Tensor] = {}

    def slope(at: Half) -> torch.Tensor:
        seen["at"] = at.action
        return torch.zeros_like(at.action)[None]

    batch = task.fresh(
        lambda obs, use: what.act(players.actor, obs, use), key, key * 0, task.blank(0)
    )
    for name, rows in (("r1", slice(64, 128)), ("r2", slice(0, 64))):
        halves = task.halves(batch, lambda obs, use: obs, key)
        inside = {"halves": staticmethod(lambda h=halves: h), "slope": staticmethod(slope)}
        context = type("Context", (), inside)()
        build(name, "ring8").penalty(context)
        assert torch.equal(seen["at"], batch.action[rows])
