"""Statistics of all that is shown at once: both halves, or (s, a) and (s', a')."""

from functools import partial

import pytest
import torch
from torch.nn import functional

from bench.contribute.strategy_checks import experience
from bench.functional import rng
from bench.functional.batch_layers import BatchNorm
from bench.functional.conv import Conv
from bench.functional.layers import Dense
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


@pytest.mark.parametrize("task", ["ring8", "pendulum", "stacked_digits"])
def test_before_every_layer_as_in_crossq(task: str) -> None:
    """The inputs too; nothing is between a layer and its activation, which keeps its bias."""
    plain = learner(task).blueprint.critic.net.layers
    layers = learner(task, build("batch_norm_joint", task)).blueprint.critic.net.layers
    weighted = [layer for layer in plain if isinstance(layer, Dense | Conv)]
    assert len(weighted) >= 3
    for place, layer in enumerate(layers):
        before = layers[place - 1] if place else None
        assert isinstance(before, BatchNorm) == isinstance(layer, Dense | Conv)
    assert tuple(layer for layer in layers if not isinstance(layer, BatchNorm)) == plain


def test_in_the_actors_loss_its_rows_are_judged_beside_the_critics_batch() -> None:
    key = rng.seed_key(0)
    for task in ("ring8", "pendulum"):
        what = learner(task, build("batch_norm_joint", task))
        seen = experience(what.task, rng.seed_key(1))
        (first, moved), info = run(what, 1, seen)
        actor, critic = first.players.actor, moved.players.critic  # the critic has moved already
        step, rules = rng.fold(key, first.players.step), what.task.rules("critic")
        batch = what.task.fresh(partial(what.act, actor), step, first.players.step, seen)
        obs = rules.actor_obs(batch)
        own = torch.cat([obs, what.act(actor, obs, rng.fold(step, "actor"))], dim=1)
        beside = torch.cat([batch.obs, batch.action], dim=1)
        net = what.blueprint.critic.net
        together = net.apply(critic, torch.cat([own, beside]))[: len(own), 0]
        wanted = float(rules.actor_loss(together).mean())
        assert float(info.losses["actor"]) == pytest.approx(wanted, rel=1e-9)
        alone = float(rules.actor_loss(net.apply(critic, own)[:, 0]).mean())
        assert alone != pytest.approx(wanted, rel=1e-4)


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


@pytest.mark.parametrize("penalty", ["r1", "r2", "gradient_penalty", "feature_matching", "lecam"])
def test_penalties_see_the_batch_beside_what_they_ask_of(penalty: str) -> None:
    """Of one half alone the mean output is a constant: its slope would be 0 wherever it is."""
    both = [build(name, "ring8") for name in ("batch_norm_joint", penalty)]
    (_, one), plain = run(learner("ring8", both[0]), 1)
    (_, other), penalised = run(learner("ring8", *both), 1)
    player = "actor" if penalty == "feature_matching" else "critic"
    assert abs(float(penalised.losses[player] - plain.losses[player])) > 1e-5
    moved = zip(
        one.players.params[player].values(), other.players.params[player].values(), strict=True
    )
    assert any(not torch.allclose(a, b, atol=1e-6) for a, b in moved)
