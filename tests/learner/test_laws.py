"""Keys and draws, and the laws of combination."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from bench.contribute.strategy_checks import experience
from bench.functional import rng
from bench.functional.pytree import leaves
from bench.learner.forward import Forward
from bench.learner.integrators import alternating
from bench.learner.strategy import ALL, Conflict, ForwardContext, Strategy, combine
from tests.support.closed_form import build, learner


def test_seed_zero_is_a_seed() -> None:
    keys = {int(rng.seed_key(seed)) for seed in range(1000)}
    assert len(keys) == 1000
    assert 0 not in keys


def test_uses_are_independent() -> None:
    key = rng.seed_key(0)
    names = [rng.uniform(rng.fold(key, f"use{i}"), (500,)) for i in range(20)]
    correlation = np.corrcoef(torch.stack(names).numpy())
    # 190 coefficients of standard error 0.045: 5 standard errors.
    assert np.abs(correlation - np.eye(20)).max() < 0.22
    assert int(rng.fold(rng.fold(key, 1), 2)) != int(rng.fold(rng.fold(key, 2), 1))


def test_folding_a_number_is_folding_its_tensor() -> None:
    key = rng.seed_key(4)
    assert torch.equal(rng.fold(key, 17), rng.fold(key, torch.tensor(17)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_draws_have_their_distributions(dtype: torch.dtype) -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        uniform = rng.uniform(rng.seed_key(1), (20_000,))
        normal = rng.normal(rng.seed_key(2), (20_000,))
    finally:
        torch.set_default_dtype(before)
    assert uniform.dtype == normal.dtype == dtype
    assert uniform.min() >= 0
    assert uniform.max() < 1
    # 1.95 / sqrt(n) is the 99.9 % quantile of the Kolmogorov-Smirnov distance.
    limit = 1.95 / math.sqrt(20_000)
    assert stats.kstest(uniform.double().numpy(), "uniform").statistic < limit
    assert stats.kstest(normal.double().numpy(), "norm").statistic < limit


def test_integers_cover_their_range_evenly() -> None:
    drawn = rng.integers(rng.seed_key(3), (7000,), 7)
    counts = np.bincount(drawn.numpy(), minlength=7)
    assert len(counts) == 7
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_first_rows_do_not_depend_on_how_many_are_drawn() -> None:
    key = rng.seed_key(5)
    assert torch.equal(rng.normal(key, (9, 3))[:4], rng.normal(key, (4, 3)))


def test_a_batch_of_keys_draws_what_each_draws_alone() -> None:
    keys = torch.stack([rng.seed_key(seed) for seed in range(4)])
    together = torch.func.vmap(lambda key: rng.normal(rng.fold(key, "x"), (5,)))(keys)
    for key, row in zip(keys, together, strict=True):
        assert torch.equal(rng.normal(rng.fold(key, "x"), (5,)), row)


def test_the_uses_of_one_update_draw_from_keys_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The actor in the target and in its own loss, and every forward pass of the networks."""
    acted: list[int] = []
    passed: set[int] = set()
    act = Forward.bare_act

    def noted(self: Forward, actor: Any, obs: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        acted.append(int(key))
        return act(self, actor, obs, key)

    def forward_params(params: Any, context: ForwardContext) -> Any:
        if context.key is not None:
            passed.add(int(context.key))
        return params

    monkeypatch.setattr(Forward, "bare_act", noted)
    watches = Strategy(name="watches", roles=ALL, forward_params=forward_params)
    what = learner("pendulum", watches)
    key = rng.seed_key(0)
    state, given = what.init(key), experience(what.task, key)
    for _ in range(2):
        state, _ = what.update(state, given, key)
    assert len(acted) == len(set(acted)) == 4  # two in each update
    assert len(passed) == 10  # fresh, target, critic, judge and act


def test_strategies_draw_from_keys_of_their_own_anew_in_every_update() -> None:
    """Also from others than the learner does."""

    def noisy(name: str) -> Strategy:
        return Strategy(
            name=name,
            init_memory=lambda context: context.key,
            update_memory=lambda memory, context: context.key,
        )

    what, key = learner("dirac", noisy("one"), noisy("other")), rng.seed_key(0)
    state = what.init(key)
    drawn = []
    for _ in range(3):
        drawn += [int(memory) for memory in state.memories.values()]
        drawn.append(int(rng.fold(key, state.players.step)))
        state, _ = what.update(state, what.task.blank(0), key)
    assert len(set(drawn)) == len(drawn) == 9


@pytest.mark.parametrize("task", ["ring8", "digits"])
def test_init_is_pytorchs_default_distribution(task: str) -> None:
    """Uniform in +-1/sqrt(fan in), weights and biases, dense and convolutional layers alike."""
    players = learner(task).init(rng.seed_key(0)).players
    for name, leaf in players.critic.items():
        weight = players.critic[name.split("/")[0] + "/weight"]
        bound = 1 / math.sqrt(weight[0].numel())
        assert leaf.abs().max() <= bound
        if leaf.numel() > 300:
            scaled = leaf.flatten().numpy() / bound
            assert stats.kstest(scaled, "uniform", args=(-1, 2)).pvalue > 1e-3


def chain(name: str, factor: float, after: tuple[str, ...] = ()) -> Strategy:
    def grads(value, context):  # type: ignore[no-untyped-def]
        return {key: leaf * factor + 1 for key, leaf in value.items()}

    return Strategy(name=name, grads=grads, after=after)


def test_two_on_a_chain_conflict_unless_one_says_after() -> None:
    with pytest.raises(Conflict, match=r"left and right both transform `grads`.*after="):
        combine([chain("left", 2), chain("right", 3)])
    plan = combine([chain("left", 2, after=("right",)), chain("right", 3)])
    assert [part.name for part in plan.parts["grads"]] == ["right", "left"]


def test_after_holds_through_a_third() -> None:
    plan = combine([chain("a", 1, after=("b",)), chain("b", 2, after=("c",)), chain("c", 3)])
    assert [part.name for part in plan.parts["grads"]] == ["c", "b", "a"]


def test_a_circle_is_a_conflict() -> None:
    with pytest.raises(Conflict):
        combine([chain("a", 1, after=("b",)), chain("b", 2, after=("a",))])


@pytest.mark.parametrize("task", ["ring8", "lqr"])
def test_accept_sees_the_newest_experience(task: str) -> None:
    """What the actor has just made, before any strategy replaced it by something older."""
    seen: list[torch.Tensor] = []

    def accept(new, context):  # type: ignore[no-untyped-def]
        seen.append(context.fresh.action)
        return context.old

    judge = Strategy(name="judge", accept=accept)
    old = Strategy(
        name="old",
        roles=ALL,
        batch=lambda batch, context: batch._replace(action=0 * batch.action),
    )
    what, key = learner(task, judge, old), rng.seed_key(0)
    given = experience(what.task, key)
    state, _ = what.update(what.init(key), given, key)
    assert what.task.own(what.task.blank(4)) in {2, 4}
    (action,) = seen
    rows = what.task.own(given) if task == "lqr" else what.task.batch_rows
    assert len(action) == (rows if task == "lqr" else 2 * rows)
    assert action.abs().sum() > 0
    before = what.init(key).players
    assert all(map(torch.equal, leaves(state.players.actor), leaves(before.actor)))


@pytest.mark.parametrize("value", ["integrator", "policy"])
def test_a_single_value_has_one_owner(value: str) -> None:
    owners = [Strategy(name=name, **{value: alternating}) for name in ("one", "two")]
    with pytest.raises(Conflict, match=f"one and two both set `{value}`"):
        combine(owners)


def test_a_strategy_twice_is_a_conflict() -> None:
    r1 = build("r1", "ring8")
    with pytest.raises(Conflict, match="r1 is given twice"):
        combine([r1, r1])


def test_penalties_add_up() -> None:
    key = rng.seed_key(0)

    def loss(*strategies: Strategy) -> float:
        what = learner("ring8", *strategies)
        return float(what.update(what.init(key), what.task.blank(0), key)[1].losses["critic"])

    r1, penalty = build("r1", "ring8"), build("gradient_penalty", "ring8")
    both = loss(r1, penalty) - loss()
    assert both == pytest.approx((loss(r1) - loss()) + (loss(penalty) - loss()), rel=1e-4)


@pytest.mark.usefixtures("float64")
def test_recording_changes_nothing() -> None:
    """The recorded update is the plain one to rounding, memory written in place included."""
    from torch.func import vmap

    from bench.functional.pytree import tmap
    from bench.training.trace import trace

    what = learner("ring8", *(build(name, "ring8") for name in ("replay", "r1", "spectral_norm")))
    keys = torch.stack([rng.seed_key(seed) for seed in (0, 1)])
    state = tmap(lambda leaf: leaf.clone(), vmap(what.init)(keys))
    seen = tmap(lambda leaf: leaf.expand(2, *leaf.shape).clone(), what.task.blank(0))
    plain, recorded = state, tmap(lambda leaf: leaf.clone(), state)
    batched = vmap(what.update)
    update = trace(batched, state, seen, keys)
    for _ in range(5):
        plain, _ = batched(plain, seen, keys)
        recorded, _ = update(recorded, seen, keys)
    for one, other in zip(leaves(plain), leaves(recorded), strict=True):
        # Merged and unmerged operations may sum in another order on some processors.
        assert torch.allclose(one, other, rtol=1e-10, atol=1e-12)


def test_recording_refuses_to_branch_on_a_tensor() -> None:
    from bench.training.trace import trace

    def branches(x: torch.Tensor) -> torch.Tensor:
        return x if x.sum() > 0 else -x

    with pytest.raises(RuntimeError, match="ata-dependent"):
        trace(branches, torch.ones(3))
