"""The critic gives one answer to each pack, and sees what no critic of single samples can see."""

import math
from collections.abc import Callable

import pytest
import torch

from bench.contribute.strategy_checks import experience
from bench.experiment import registry
from bench.functional import rng
from bench.learner.problem import Experience
from bench.learner.strategy import Conflict
from tests.support.closed_form import build, critic_loss, learner

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("task", ["ring8", "stacked_digits"])
def test_one_answer_to_each_pack_and_none_depends_on_others(task: str) -> None:
    what = learner(task, build("packing", task, samples=2))
    state = what.init(rng.seed_key(0))
    obs, action = torch.zeros(8, 0), rng.normal(rng.seed_key(1), (8, what.task.action_size))
    q = what.says(state, "critic", obs, action)
    assert torch.equal(q[0::2], q[1::2])
    assert len(q.unique()) == 4
    changed = action.clone()
    changed[3] += 1.0  # of the second pack
    differs = what.says(state, "critic", obs, changed) != q
    assert differs.tolist() == [False, False, True, True, False, False, False, False]


def test_by_hand() -> None:
    """The pack's rows side by side through the same layers, with a wider first one."""
    what = learner("ring8", build("packing", "ring8", samples=4))
    state = what.init(rng.seed_key(0))
    params = state.players.critic
    action = rng.normal(rng.seed_key(1), (8, 2))
    h = action.reshape(2, 8)
    for layer in (0, 2, 4):
        h = h @ params[f"0/{layer}/weight"].T + params[f"0/{layer}/bias"]
        h = h if layer == 4 else h.relu()
    q = what.says(state, "critic", torch.zeros(8, 0), action)
    assert torch.allclose(q, h[:, 0].repeat_interleave(4))


@pytest.mark.parametrize("task", ["ring8", "pendulum"])
@pytest.mark.parametrize(
    ("penalty", "cost"),
    [
        ("r1", lambda norm: 0.5 * 3.0 * norm**2),
        ("r2", lambda norm: 0.5 * 3.0 * norm**2),
        ("gradient_penalty", lambda norm: 3.0 * (norm - 1.0) ** 2),
        ("dragan", lambda norm: 3.0 * (norm - 1.0) ** 2),
    ],
)
def test_a_penalty_counts_a_packs_slope_once(
    task: str, penalty: str, cost: Callable[[float], float]
) -> None:
    """A critic linear in its pack, slope v: its norm is over all m actions, at three rows too."""
    pack, what = build("packing", task, samples=2), learner(task)
    seen = experience(what.task, rng.seed_key(1))
    seen = seen if task == "ring8" else Experience(*(leaf[:3] for leaf in seen))
    critic = learner(task, pack).init(rng.seed_key(0)).players.critic
    # All units are on: v = W3 W2 W1.
    critic |= {"0/0/bias": critic["0/0/bias"] + 20.0, "0/2/bias": critic["0/2/bias"] + 200.0}
    critic["0/4/weight"] = 40.0 * critic["0/4/weight"]
    v = (critic["0/4/weight"] @ critic["0/2/weight"] @ critic["0/0/weight"])[0]
    sizes = (what.task.obs_size, what.task.action_size)
    actions = [row.split(sizes)[1] for row in v.split(sum(sizes))]
    assert len(actions) == 2
    norm = math.sqrt(sum(float(part.square().sum()) for part in actions))
    assert norm > 1.0
    made = build(penalty, task, **{"gamma" if penalty in ("r1", "r2") else "weight": 3.0})
    losses = [critic_loss(task, pack, *more, critic=critic, seen=seen) for more in ([made], [])]
    assert losses[0] - losses[1] == pytest.approx(cost(norm), rel=1e-6)


def test_rows_that_fill_no_pack_are_joined_by_the_first_ones() -> None:
    what = learner("ring8", build("packing", "ring8", samples=2))
    state, action = what.init(rng.seed_key(0)), rng.normal(rng.seed_key(1), (3, 2))
    q = what.says(state, "critic", torch.zeros(3, 0), action)
    pair = what.says(state, "critic", torch.zeros(2, 0), torch.stack([action[2], action[0]]))
    assert q.shape == (3,)
    assert torch.allclose(q[2:], pair[:1])


def test_a_point_game_has_nothing_to_pack() -> None:
    strategy = build("packing", "dirac")
    assert "holds no pack" in str(strategy.inert(registry.task("dirac")))
    assert strategy.inert(registry.task("ring8")) is None


def test_a_pack_never_mixes_real_and_generated_samples() -> None:
    """Packs that would not fill a half are refused."""
    with pytest.raises(Conflict, match="packs of 3 do not fill"):
        learner("ring8", build("packing", "ring8", samples=3)).init(rng.seed_key(0))
    what = learner("ring8", build("packing", "ring8", samples=4))
    state, rows = what.init(rng.seed_key(0)), what.task.batch_rows
    action = rng.normal(rng.seed_key(1), (2 * rows, 2))
    moved = action.clone()
    moved[rows:] += 1.0
    q, context = (what.says(state, "critic", torch.zeros(2 * rows, 0), a) for a in (action, moved))
    assert torch.equal(q[:rows], context[:rows])
    assert (q[rows:] != context[rows:]).all()
