"""The estimate is right for a Gaussian sample; actors without noise are given some."""

import math

import pytest
import torch

from bench.contribute.strategy_checks import experience
from bench.experiment import registry
from bench.functional import rng
from bench.learner.learner import Learner
from bench.learner.problem import CriticQuery, Purpose
from bench.learner.strategy import combine
from bench.learner.task import Task
from bench.strategies.entropy import nearest_neighbour_entropy
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("scale", [0.1, 1.0, 7.0])
def test_entropy_of_a_gaussian_sample(scale: float) -> None:
    """d = 2: 1 + log(2 pi) + 2 log(scale), with the constant log(N - 1) + log(pi) + 0.5772."""
    count = 2000
    sample = scale * rng.normal(rng.seed_key(0), (count, 2))
    constant = math.log(count - 1) + math.log(math.pi) + 0.5772
    expected = 1 + math.log(2 * math.pi) + 2 * math.log(scale)
    assert float(nearest_neighbour_entropy(sample)) + constant == pytest.approx(expected, abs=0.1)


def test_its_gradient_pushes_neighbours_apart() -> None:
    answers = torch.tensor([[0.0], [1.0], [5.0]])
    push = torch.func.grad(nearest_neighbour_entropy)(answers)
    assert push[0] < 0 < push[2]


def test_an_actor_of_rl_gets_noise_and_a_gans_keeps_its_own() -> None:
    for task, size in (("pendulum", 1), ("reacher", 2), ("ring8", 0), ("digits", 0)):
        what = learner(task, build("entropy", task))
        assert what.blueprint.actor.extra_noise == size


def test_evaluations_take_the_mode_and_exploration_draws() -> None:
    """The mode is the action at a noise of 0; the environment's own exploration is left out."""
    made, task = build("entropy", "pendulum"), type(registry.task("pendulum"))
    what = Learner(type("Quiet", (task,), {"exploration": 0.0})(), combine([made]))
    state, obs = what.init(rng.seed_key(0)), torch.ones(5, 3)
    net, actor = what.blueprint.actor.net, state.players.actor
    mode = net.apply(actor, torch.cat([obs, torch.zeros(5, 1)], dim=1))
    for key in (1, 2):
        assert torch.equal(what.eval_action(state, obs, rng.seed_key(key)), mode)
    assert len(what.explore_action(state, obs, rng.seed_key(1)).unique()) == 5
    assert len(what.act(actor, obs, rng.seed_key(1)).unique()) == 5


def test_a_gan_is_evaluated_as_it_is() -> None:
    ends = []
    for strategies in ((), (build("entropy", "ring8"),)):
        what = learner("ring8", *strategies)
        ends.append(
            what.eval_action(what.init(rng.seed_key(0)), torch.zeros(5, 0), rng.seed_key(1))
        )
    assert torch.equal(*ends)
    assert len(ends[0].unique(dim=0)) == 5


def test_targets_contain_the_entropy_of_the_next_actions() -> None:
    """y + discount * weight / A * H(s'), in RL and for the critic alone."""
    task = registry.task("reacher")
    made = build("entropy", "reacher", weight=0.5, samples=3)
    answers = rng.normal(rng.seed_key(3), (12, task.action_size))
    batch = experience(task, rng.seed_key(4))._replace(discount=torch.tensor([0.9, 0.0, 0.99, 0.5]))

    def act(obs: torch.Tensor, key: object) -> torch.Tensor:
        assert torch.equal(obs, batch.next_obs.repeat_interleave(3, dim=0))
        return answers

    def target(task: Task, player: str, purpose: Purpose) -> torch.Tensor:
        inside = {"task": task, "rules": task.rules(player), "batch": batch, "key": None}
        context = type("Context", (), {**inside, "player": player, "act": staticmethod(act)})()
        rows = torch.zeros(4, 2)
        query = CriticQuery(purpose, rows, rows, batch.reward, torch.zeros(()))
        return made.critic_query(query, context).target

    each = torch.stack([nearest_neighbour_entropy(part) for part in answers.split(3)])
    wanted = batch.reward + batch.discount * 0.5 / task.action_size * each
    assert torch.allclose(target(task, "critic", "critic"), wanted)
    assert torch.equal(target(task, "critic", "target"), batch.reward)
    assert torch.equal(target(task, "actor", "actor"), batch.reward)
    assert torch.equal(target(registry.task("ring8"), "critic", "critic"), batch.reward)


def test_inert_where_the_actor_is_a_point() -> None:
    assert build("entropy", "dirac").inert(registry.task("dirac"))
    assert build("entropy", "ring8").inert(registry.task("ring8")) is None


def test_the_actors_loss_is_less_the_entropy_of_its_answers() -> None:
    """All samples of a GAN are one question; in RL every observation is one by itself."""
    for name, grouped in (("ring8", False), ("reacher", True)):
        made = build("entropy", name, weight=0.5, samples=3)
        task = registry.task(name)
        answers = rng.normal(rng.seed_key(3), (12, task.action_size))
        batch = task.blank(4 if grouped else 24)

        def act(obs: torch.Tensor, key: object, answers: torch.Tensor = answers) -> torch.Tensor:
            assert len(obs) == 12
            return answers

        inside = {"task": task, "rules": task.rules("actor"), "batch": batch, "key": None}
        inside |= {"player": "actor", "act": staticmethod(act)}
        context = type("Context", (), inside)()
        whole = [answers] if not grouped else answers.split(3)
        mean = sum(float(nearest_neighbour_entropy(part)) for part in whole) / len(whole)
        assert float(made.penalty(context)) == pytest.approx(-0.5 / task.action_size * mean)
        context.player = "critic"
        assert made.penalty(context) == 0.0
