"""Statistics of all that is shown at once: both halves, or (s, a) and (s', a')."""

import pytest
import torch
from torch.nn import functional

from bench.contribute.strategy_checks import experience
from bench.functional import rng
from bench.functional.batch_layers import BatchNorm
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("shape", [(6,), (3, 4, 4)])
def test_equal_to_torchs(shape: tuple[int, ...]) -> None:
    layer = BatchNorm(group=1 << 30)
    params, _ = layer.init(rng.seed_key(0), shape)
    params = {"gain": params["gain"] * 2.0, "bias": params["bias"] + 1.0}
    x = 3.0 + rng.normal(rng.seed_key(1), (10, *shape))
    theirs = functional.batch_norm(x, None, None, params["gain"], params["bias"], training=True)
    assert torch.allclose(layer.apply(params, x), theirs)


def test_no_bias_that_it_would_cancel() -> None:
    for task in ("ring8", "digits"):
        what = learner(task, build("batch_norm_joint", task))
        critic = what.init(rng.seed_key(0)).players.critic
        layers = {name.split("/")[0] for name in critic if name.endswith("weight")}
        biased = {name.split("/")[0] for name in critic if name.endswith("bias")}
        assert len(layers & biased) == 1  # the last one


def test_in_rl_the_next_states_belong_to_the_batch() -> None:
    """Where nothing is bootstrapped they matter to the critic through statistics only."""
    seen = experience(learner("pendulum").task, rng.seed_key(1))
    ended = seen._replace(discount=0.0 * seen.discount)
    moved = ended._replace(next_obs=ended.next_obs + 1.0)
    for name, matters in (("batch_norm_joint", True), ("batch_norm_split", False)):
        what = learner("pendulum", build(name, "pendulum"))
        (_, one), _ = run(what, 1, ended)
        (_, other), _ = run(what, 1, moved)
        same = all(
            torch.allclose(a, b, atol=1e-7)
            for a, b in zip(one.players.critic.values(), other.players.critic.values(), strict=True)
        )
        assert same != matters
