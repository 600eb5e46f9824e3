"""Games of several players: roles, scope, order of play, and `see`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from bench.contribute.strategy_checks import experience
from bench.experiment import registry
from bench.functional import rng
from bench.learner import integrators
from bench.learner.forward import Seen
from bench.learner.learner import Learner
from bench.learner.state import TrainState
from bench.learner.strategy import ALL, Conflict, LossContext, Strategy, combine
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")

IMITATION = registry.task("lqr_imitation")
GAMES = [name for name, task in registry.tasks().items() if task.domain == "extension"]


def at(name: str, *players: str, task: str = "lqr_imitation") -> list[Strategy]:
    made = build(name, task)
    return [made.restricted(player, registry.task(task)) for player in players]


def changed(task: str, *strategies: Strategy) -> set[str]:
    """The players that one update moves elsewhere than without these strategies."""
    key, ends = rng.seed_key(0), []
    for parts in ((), strategies):
        what = learner(task, *parts)
        state = what.init(key)
        ends.append(what.update(state, experience(what.task, key), key)[0].players.params)
    return {player for player in ends[0] if not equal(ends[0][player], ends[1][player])}


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.mark.parametrize(
    ("name", "player", "words"),
    [
        ("r1", "judge", "its players are reward, critic, actor"),
        ("r1", "actor", "choose reward or critic"),
        ("entropy", "critic", "choose actor"),
        ("extragradient", "critic", "leave @critic out"),
        ("actor_ema", "actor", "leave @actor out"),
    ],
)
def test_a_strategy_is_restricted_to_players_on_which_it_can_act(
    name: str, player: str, words: str
) -> None:
    with pytest.raises(Conflict, match=words):
        build(name, "lqr_imitation").restricted(player, IMITATION)


def test_a_restricted_strategy_acts_on_that_player_alone() -> None:
    """In the first update, before others have seen what has become of it."""
    same_time = {"default_integrator": integrators.simultaneous}
    key = rng.seed_key(0)
    for player in ("reward", "critic"):
        ends = []
        for parts in ([], at("r1", player)):
            what = replace(learner("lqr_imitation", *parts), **same_time)
            state = what.init(key)
            ends.append(what.update(state, experience(what.task, key), key)[0].players.params)
        moved = {name for name in ends[0] if not equal(ends[0][name], ends[1][name])}
        assert moved == {player}
    assert changed("lqr_imitation", build("r1", "lqr_imitation")) == {"reward", "critic", "actor"}


@pytest.mark.parametrize(
    "name",
    [
        *("gradient_penalty", "spectral_norm", "lecam", "target_scaling", "twin_critics"),
        *("lookahead", "historical_averaging", "weight_decay", "grad_clip", "negative_momentum"),
    ],
)
def test_scopes_together_are_the_whole(name: str) -> None:
    """On every player on which the whole strategy acts, with a memory or without."""
    whole = build(name, "lqr_imitation")
    parts = at(name, *whole.mine(IMITATION))
    key, ends = rng.seed_key(0), []
    for strategies in ([whole], parts):
        what = learner("lqr_imitation", *strategies)
        state = what.init(key)
        for _ in range(3):
            state = what.update(state, experience(what.task, key), key)[0]
        ends.append(state.players.params)
    assert all(equal(ends[0][player], ends[1][player]) for player in ends[0])


@pytest.mark.parametrize(
    ("strategies", "words"),
    [
        ([*at("r1", "reward"), build("r1", "lqr_imitation")], "one contains the other"),
        ([*at("r1", "reward"), *at("r1", "reward")], "r1@reward is given twice"),
        ([*at("spectral_norm", "critic"), *at("weight_norm", "critic")], "leave one out"),
        ([*at("spectral_norm", "critic"), build("weight_norm", "lqr_imitation")], "leave one out"),
        ([*at("spectral_norm", "critic"), *at("weight_norm", "reward")], None),
        (at("r1", "reward", "critic"), None),
    ],
)
def test_conflicts_are_those_of_strategies_that_meet(
    strategies: list[Strategy], words: str | None
) -> None:
    if words is None:
        assert combine(strategies).parts == combine(strategies[::-1]).parts
    else:
        with pytest.raises(Conflict, match=words):
            combine(strategies)


@pytest.mark.parametrize("game", ["lqr_imitation", "pendulum_imitation"])
def test_each_player_moves_against_the_others_as_they_are_then(game: str) -> None:
    """Alternating by hand, on given rows: one update for each player in turn; in any order."""
    task, key = registry.task(game), rng.seed_key(0)
    for order in (tuple(task.players), tuple(task.players)[::-1]):
        what = replace(learner(game), order=order)
        state = what.init(key)
        seen = experience(task, key)
        wanted = state
        for mover in order:

            def alone(point: TrainState, grad_fn: Any, apply: Any, names: Any, who: str = mover):  # type: ignore[no-untyped-def]
                found = {player: grad_fn(player, point) for player in names}
                return apply(point, who, found[who].grads), found

            made = replace(what, default_integrator=alone).update(wanted, seen, key)[0]
            # The same update goes on: same keys, same rows.
            wanted = made._replace(players=made.players._replace(step=state.players.step))
        moved = what.update(state, seen, key)[0].players
        assert all(equal(moved.params[p], wanted.players.params[p]) for p in order)


def test_simultaneous_players_do_not_see_each_others_step() -> None:
    what, key = learner("lqr_imitation"), rng.seed_key(0)
    ends = []
    for order in (("reward", "critic", "actor"), ("actor", "critic", "reward")):
        each = replace(what, default_integrator=integrators.simultaneous, order=order)
        ends.append(each.update(each.init(key), experience(what.task, key), key)[0].players.params)
    assert all(equal(ends[0][player], ends[1][player]) for player in ends[0])
    one = replace(what, order=("actor", "critic", "reward"))
    turned = one.update(one.init(key), experience(what.task, key), key)[0].players.params
    # Moving first, the actor meets the same critic; the others meet an actor that has moved.
    assert {p for p in turned if equal(turned[p], ends[0][p])} == {"actor"}


@pytest.mark.parametrize(
    ("game", "player", "through"),
    [
        ("lqr_model", "actor", {"model", "critic"}),
        ("linear_bi", "actor", {"critic"}),
        ("linear_bi", "encoder", {"critic"}),
        ("ring8_info", "actor", {"critic", "recogniser"}),
        ("digits_vae", "encoder", {"critic", "actor"}),
        ("lqr_imitation", "actor", {"critic"}),
        ("lqr_imitation", "critic", set()),
        ("lqr_imitation", "reward", set()),
        ("linear_bi", "critic", set()),
    ],
)
def test_gradients_pass_through_see_and_nothing_else(
    game: str, player: str, through: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the slope of what one player says, exactly those who climb it move elsewhere."""
    key, call = rng.seed_key(0), Seen.__call__

    def gradient(cut: str | None) -> Any:
        def cut_off(self: Seen, who: str, obs: Any, action: Any = None, **more: Any) -> Any:
            made = call(self, who, obs, action, **more)
            return made.detach() if who == cut else made

        monkeypatch.setattr(Seen, "__call__", cut_off)
        kept: dict[str, Any] = {}

        def noted(point: TrainState, grad_fn: Any, apply: Any, order: Any) -> Any:
            kept.update({name: grad_fn(name, point) for name in order})
            return point, kept

        what = replace(learner(game), default_integrator=noted)
        what.update(what.init(key), experience(what.task, key), key)
        return kept[player].grads

    whole = gradient(None)
    others = [other for other in registry.task(game).players if other != player]
    assert {other for other in others if not equal(whole, gradient(other))} == through


class Vain(type(IMITATION)):  # type: ignore[misc]
    """The critic is paid half of what it says itself, and nothing else."""

    def shown(self, player: str, batch: Any, see: Any, key: Any) -> Any:
        if player != "critic":
            return super().shown(player, batch, see, key)
        own = see("critic", batch.obs, batch.action)
        return batch._replace(reward=0.5 * own, discount=0.0 * own)


def test_what_a_player_is_shown_is_a_constant_to_it() -> None:
    """A critic that is paid by itself has the slope of its error at a constant target."""
    key, seen = rng.seed_key(0), experience(IMITATION, rng.seed_key(0))
    what = Learner(Vain(), combine([]), default_integrator=integrators.simultaneous)
    state = what.init(key)
    _, info = what.update(state, seen, key)

    def error(params: Any, target: Any) -> Any:
        rows = torch.cat([seen.obs, seen.action], dim=1)
        return (what.blueprint.critic.net.apply(params, rows)[:, 0] - target).square().mean()

    critic = state.players.critic
    said = what.blueprint.critic.net.apply(critic, torch.cat([seen.obs, seen.action], 1))[:, 0]
    slope = torch.func.grad(error)(critic, 0.5 * said.detach())
    wanted = sum(float(leaf.square().sum()) for leaf in slope.values()) ** 0.5
    assert float(info.grad_norms["critic"]) == pytest.approx(wanted)


@pytest.mark.parametrize("name", ["relativistic", "top_k"])
@pytest.mark.parametrize("game", ["lqr_model", "linear_bi", "ring8_info"])
def test_strategies_on_the_actor_climb_what_it_is_judged_by(
    game: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any slope of what others say, the actor has none."""
    key, call = rng.seed_key(0), Seen.__call__
    monkeypatch.setattr(Seen, "__call__", lambda *a, **more: call(*a, **more).detach())
    what = learner(game, build(name, game))
    _, info = what.update(what.init(key), experience(what.task, key), key)
    assert float(info.grad_norms["actor"]) == 0.0


def test_the_actor_compares_with_pairs_that_its_judge_is_shown() -> None:
    """In a BiGAN the data half has the encoder's codes, also in the actor's loss."""
    found: dict[str, Any] = {}

    def penalty(context: LossContext) -> float:
        found[context.player] = context.halves().data
        return 0.0

    spy = Strategy(name="spy", roles=ALL, penalty=penalty)
    what = replace(learner("linear_bi", spy), default_integrator=integrators.simultaneous)
    key = rng.seed_key(0)
    state = what.init(key)
    what.update(state, what.task.blank(0), key)
    for player in ("critic", "actor"):
        codes = found[player].action @ state.players.params["encoder"]["1/weight"].T
        assert torch.allclose(found[player].obs, codes), player


@pytest.mark.parametrize(
    "other",
    [*at("layer_norm", "actor", task="pendulum"), *at("entropy", "actor", task="pendulum")],
)
def test_a_compatible_critic_needs_the_actors_own_network(other: Strategy) -> None:
    with pytest.raises(Conflict, match=r"compatible_critic and .*@actor"):
        combine([build("compatible_critic", "pendulum"), other])
    assert "observation" in str(
        build("compatible_critic", "digits_aae").inert(registry.task("digits_aae"))
    )


@pytest.mark.parametrize("game", ["ring8", "ring8_info", "digits_aae", "linear_bi"])
def test_every_row_of_a_pack_counts(game: str) -> None:
    """Also where the critic is blind to observations."""
    what, key = learner(game, build("packing", game)), rng.seed_key(0)
    state, task = what.init(key), what.task
    obs, action = torch.zeros(2, task.obs_size), rng.normal(key, (2, task.action_size))
    slope = torch.func.grad(lambda a: what.says(state, "critic", obs, a)[0])(action)
    assert bool((slope.abs().sum(dim=1) > 0.0).all())


def test_every_critic_has_a_target_of_its_own() -> None:
    what, key = learner("lqr_imitation", build("target_network", "lqr_imitation")), rng.seed_key(0)
    state = what.init(key)
    assert set(state.memories["target_network"]) == {"actor", "reward", "critic"}
    assert build("target_network", "lqr_imitation").why_inert(IMITATION) is None
    (alone,) = at("target_network", "reward")
    assert "discount is 0" in str(alone.why_inert(IMITATION))


def test_the_actor_alone_waits_for_several_critic_steps() -> None:
    what, key = learner("lqr_model", build("critic_steps", "lqr_model", every=2)), rng.seed_key(0)
    state = what.init(key)
    after = what.update(state, what.task.blank(0), key)[0].players
    still = {p for p in after.params if equal(after.params[p], state.players.params[p])}
    assert still == {"actor"}


@pytest.mark.parametrize("game", GAMES)
def test_every_player_has_a_loss_and_a_gradient_in_the_report(game: str) -> None:
    what, key = learner(game), rng.seed_key(0)
    _, info = what.update(what.init(key), experience(what.task, key), key)
    assert tuple(info.losses) == tuple(info.grad_norms) == tuple(what.task.players)
    assert all(float(norm) > 0.0 for norm in info.grad_norms.values())
