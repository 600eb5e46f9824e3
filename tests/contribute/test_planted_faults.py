"""The conformance checks can fail: each planted fault is caught by the check meant for it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from bench.contribute import strategy_checks, task_checks
from bench.contribute.strategy_checks import Examined
from bench.experiment import registry
from bench.functional.pytree import tmap
from bench.learner.integrators import alternating
from bench.learner.problem import Experience
from bench.learner.state import TrainState
from bench.learner.strategy import ALL, Strategy
from bench.learner.task import Task

pytestmark = pytest.mark.usefixtures("float64")

RING, LQR = registry.task("ring8"), registry.task("lqr")


def planted(
    active: Strategy, task: Task, neutral: Strategy | None = None, identity: bool = False
) -> Examined:
    neutral = Strategy(name=active.name) if neutral is None else neutral
    return Examined(task, neutral, active, integrator=alternating, identity=identity)


def scaled(factor: float) -> Strategy:
    def grads(value: Any, context: Any) -> Any:
        return tmap(lambda leaf: factor * leaf, value)

    return Strategy(name="fault", roles=ALL, grads=grads)


def counting() -> Strategy:
    """Carries something outside the state."""
    calls = iter(range(10**6))

    def grads(value: Any, context: Any) -> Any:
        return tmap(lambda leaf: leaf * (1.0 + 0.01 * next(calls)), value)

    return Strategy(name="fault", roles=ALL, grads=grads)


def mixes_seeds() -> Strategy:
    """Draws from the global generator, so a seed depends on who else is in the batch."""

    def grads(value: Any, context: Any) -> Any:
        return tmap(lambda leaf: leaf * torch.rand(()), value)

    return Strategy(name="fault", roles=ALL, grads=grads)


def writes_the_batch() -> Strategy:
    def batch(value: Experience, context: Any) -> Experience:
        value.reward.mul_(0.5)
        return value

    return Strategy(name="fault", roles=ALL, batch=batch)


def growing() -> Strategy:
    return Strategy(
        name="fault",
        init_memory=lambda context: torch.zeros_like(context.key, dtype=torch.float32),
        update_memory=lambda memory, context: memory.double(),
    )


def exploding() -> Strategy:
    """A norm whose slope at 0 is not finite."""
    return Strategy(
        name="fault",
        roles=ALL,
        penalty=lambda context: torch.sqrt(0.0 * context.players.critic["0/weight"]).sum(),
    )


def shifts_others() -> Strategy:
    """Moves a player in its neutral setting too: whoever stands beside it learns otherwise."""

    def accept(new: TrainState, context: Any) -> TrainState:
        return new.with_params({"actor": tmap(lambda leaf: leaf + 1e-6, new.actor)})

    return Strategy(name="fault", accept=accept)


FAULTS: list[tuple[str, Callable[..., None], Examined]] = [
    ("neutral is not neutral", strategy_checks.neutral_is_the_baseline,
     planted(scaled(2.0), RING, neutral=scaled(1.0 + 1e-9))),
    ("active does nothing", strategy_checks.active_differs, planted(Strategy(name="fault"), RING)),
    ("falsely declared inert", strategy_checks.active_differs,
     planted(replace(scaled(2.0), inert=lambda task: "so it says"), RING)),
    ("a control that acts", strategy_checks.active_differs,
     planted(scaled(2.0), RING, identity=True)),
    ("memory outside the state", strategy_checks.saved_and_continued_equals_uninterrupted,
     planted(counting(), LQR)),
    ("moves others", strategy_checks.others_draws_are_unchanged,
     planted(scaled(2.0), LQR, neutral=shifts_others())),
    ("dtype drifts", strategy_checks.stays_finite_and_keeps_its_shape, planted(growing(), RING)),
    ("not finite", strategy_checks.stays_finite_and_keeps_its_shape, planted(exploding(), RING)),
    ("writes its input", strategy_checks.only_the_owner_writes, planted(writes_the_batch(), LQR)),
]  # fmt: skip


@pytest.mark.parametrize(("check", "fault"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_faulty_strategy_is_caught(check: Any, fault: Examined) -> None:
    with pytest.raises(AssertionError):
        check(fault)


def test_global_randomness_is_refused() -> None:
    """vmap itself forbids the global generator: a draw must come from a key."""
    with pytest.raises(RuntimeError, match="random"):
        strategy_checks.a_seed_alone_equals_the_seed_in_a_batch(planted(mixes_seeds(), RING))


def test_an_order_that_matters_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the sorting in `combine`, sums come in the given order and round differently."""
    from bench.learner import strategy

    monkeypatch.setattr(strategy, "sorted", lambda members, key: list(members), raising=False)
    double = Strategy(
        name="double", roles=ALL, grads=lambda g, context: tmap(lambda leaf: 2 * leaf, g)
    )
    shift = Strategy(
        name="shift",
        roles=ALL,
        grads=lambda g, context: tmap(lambda leaf: leaf + 1, g),
        after=("double",),
    )
    with pytest.raises(AssertionError, match="order"):
        strategy_checks.order_does_not_matter(double, shift, RING)


class BlindData(type(RING)):
    """A GAN whose real samples are the actor's own."""

    def fresh(self, act: Any, key: Any, step: Any, seen: Any) -> Experience:
        made = super().fresh(act, key, step, seen)
        rows = self.batch_rows
        return made._replace(action=torch.cat([made.action[:rows], made.action[:rows]]))


class Deaf(type(RING)):
    """A GAN whose experience does not come from its actor."""

    def fresh(self, act: Any, key: Any, step: Any, seen: Any) -> Experience:
        made = super().fresh(act, key, step, seen)
        return made._replace(action=torch.zeros_like(made.action))


class BootstrapsAlways(type(LQR)):
    """Ignores the discount of a transition, hence every termination."""

    def fresh(self, act: Any, key: Any, step: Any, seen: Experience) -> Experience:
        return seen._replace(discount=torch.full_like(seen.discount, 0.95))


class NeverBootstraps(type(LQR)):
    """Treats every transition as an end."""

    def fresh(self, act: Any, key: Any, step: Any, seen: Experience) -> Experience:
        return seen._replace(discount=torch.zeros_like(seen.discount))


class WrongShape(type(RING)):
    """Reports one loss for all rows."""

    def actor_loss(self, q: Any) -> Any:
        return super().actor_loss(q).mean()


@pytest.mark.parametrize(
    ("check", "task"),
    [
        (task_checks.experience_carries_the_actors_mark, BlindData()),
        (task_checks.experience_carries_the_actors_mark, Deaf()),
        (task_checks.bootstraps_through_truncation_only, BootstrapsAlways()),
        (task_checks.bootstraps_through_truncation_only, NeverBootstraps()),
        (task_checks.shapes_are_as_declared, WrongShape()),
    ],
    ids=lambda value: type(value).__name__ if not callable(value) else value.__name__,
)
def test_a_faulty_task_is_caught(check: Any, task: Any) -> None:
    with pytest.raises(AssertionError):
        check(task)


def test_an_evaluation_that_touches_training_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Episodes of evaluation played in the training environments."""
    from bench.training.rollout import Rollout

    start = Rollout.__init__

    def shared(self: Any, *parts: Any) -> None:
        start(self, *parts)
        self.evaluation = self.training

    monkeypatch.setattr(Rollout, "__init__", shared)
    small = type("Small", (type(LQR),), {"steps_per_update": 10})()
    with pytest.raises(AssertionError, match="changed the run"):
        task_checks.evaluation_leaves_no_trace(small)


@pytest.mark.parametrize("wrong", ["truncated", "nothing"])
def test_a_wrong_end_is_caught(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    """A trainer that takes truncation for termination, and one that sees no end at all."""
    from bench.training.rollout import Rollout

    step = Rollout.step

    def faulty(self: Any, *parts: Any) -> Experience:
        seen = step(self, *parts)
        played.append(1)
        ended = wrong == "truncated" and len(played) == 25  # the horizon of the regulator
        zero = torch.zeros_like(seen.discount)
        always = torch.full_like(seen.discount, self.task.discount)
        return seen._replace(discount=zero if ended else always)

    played: list[int] = []
    monkeypatch.setattr(Rollout, "step", faulty)
    task = LQR if wrong == "truncated" else registry.task("inverted_pendulum")
    with pytest.raises(AssertionError, match="wrong discount"):
        task_checks.ends_are_told_apart(task)


def test_exploring_while_evaluating_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.training.rollout import Rollout

    evaluate = Rollout.evaluate

    def noisy(self: Rollout, eval_action: Any, *rest: Any) -> Any:
        return evaluate(
            self, lambda obs: eval_action(obs) + 0.1 * torch.randn(*obs.shape[:2], 1), *rest
        )

    monkeypatch.setattr(Rollout, "evaluate", noisy)
    with pytest.raises(AssertionError, match="untrained policy"):
        task_checks.untrained_scores_are_an_untrained_policys(LQR)


def test_an_actors_step_that_moves_the_critic_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.learner.learner import Learner

    apply_gradients = Learner._apply_gradients

    def both(self: Learner, players: Any, player: str, grads: Any) -> Any:
        players = apply_gradients(self, players, player, grads)
        return players.with_params({"critic": tmap(lambda leaf: leaf + 1e-9, players.critic)})

    monkeypatch.setattr(Learner, "_apply_gradients", both)
    with pytest.raises(AssertionError, match="moved the critic"):
        task_checks.a_players_step_moves_it_alone(RING)
