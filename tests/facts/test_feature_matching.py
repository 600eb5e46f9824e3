"""The Dirac critic's last layer is fed the action itself: the penalty is weight * theta^2."""

import pytest
import torch

from bench.functional import rng
from bench.functional.layers import trunk
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


def test_closed_form_on_the_dirac_gan() -> None:
    (start, _), plain = run(learner("dirac"), 1)
    _, matched = run(learner("dirac", build("feature_matching", "dirac", weight=3.0)), 1)
    theta = float(start.players.actor["0/value"])
    assert float(matched.losses["actor"] - plain.losses["actor"]) == pytest.approx(3.0 * theta**2)
    assert float(matched.losses["critic"]) == float(plain.losses["critic"])


@pytest.mark.parametrize("extra", [(), ("twin_critics",), ("packing",), ("target_scaling",)])
@pytest.mark.parametrize("task", ["ring8", "digits"])
def test_features_are_what_the_last_layer_is_fed(task: str, extra: tuple[str, ...]) -> None:
    what = learner(task, *(build(name, task) for name in extra))
    players, net = what.init(rng.seed_key(0)).players, what.blueprint.critic.net
    rows = rng.normal(rng.seed_key(1), (8, what.task.action_size))
    whole, features = (
        net.apply(players.critic, rows),
        trunk(net).apply(players.critic, rows),
    )
    assert features.shape[0] == whole.shape[0] == 8
    last = [leaf for name, leaf in players.critic.items()][-2:]
    # Of two critics the second one's features come last; a pack's rows share theirs.
    ends = features.flatten(1)[:, -last[0].shape[1] :]
    assert torch.allclose(torch.nn.functional.linear(ends, *last)[:, 0], whole[:, -1])
