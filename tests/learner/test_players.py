"""Games of several players: roles, scope, order of play, and `see`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from bench.contribute.strategy_checks import experience
from bench.experiment import registry
from bench.functional import rng
from bench.functional.pytree import tmap
from bench.learner import integrators
from bench.learner.forward import Seen
from bench.learner.state import TrainState
from bench.learner.strategy import Conflict, Strategy, combine
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


def test_scopes_together_are_the_whole() -> None:
    whole = build("gradient_penalty", "lqr_imitation")
    parts = at("gradient_penalty", "reward", "critic")
    key, ends = rng.seed_key(0), []
    for strategies in ([whole], parts):
        what = learner("lqr_imitation", *strategies)
        state = what.update(what.init(key), experience(what.task, key), key)[0]
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
    assert not equal(turned["critic"], ends[0]["critic"]) or not equal(
        turned["actor"], ends[0]["actor"]
    )


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


def test_what_a_player_is_shown_is_a_constant_to_it() -> None:
    """The reward that `critic` is paid depends on `reward` alone, whose gradient it never sees."""
    what, key = learner("lqr_imitation"), rng.seed_key(0)
    state = what.init(key)
    seen = experience(what.task, key)
    moved = tmap(lambda leaf: leaf + 0.1, state.players.params["reward"])
    other = state._replace(players=state.players.with_params({"reward": moved}))
    ends = [what.update(each, seen, key)[1] for each in (state, other)]
    assert float(ends[0].losses["critic"]) != float(ends[1].losses["critic"])


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
