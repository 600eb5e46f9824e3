"""The largest singular value ends under the cap, of dense layers and of convolutions."""

import pytest
import torch

from bench.experiment import registry
from bench.functional import rng
from bench.learner.strategy import ForwardContext, StartContext
from tests.support.closed_form import build, learner, run

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("cap", [0.2, 1.0])
def test_singular_values_end_under_the_cap(cap: float) -> None:
    strategy = build("spectral_norm", "digits", cap=cap)
    states, _ = run(learner("digits", strategy), 150)
    critic = states[-1].players.critic
    used = strategy.forward_params(
        critic, ForwardContext("critic", states[-1].memories["spectral_norm"], None)
    )
    touched = 0
    for name, weight in critic.items():
        if weight.dim() >= 2:
            before, context = (torch.linalg.svdvals(w.flatten(1))[0] for w in (weight, used[name]))
            # The power iteration runs alongside training: a few percent behind at most.
            assert context <= cap * 1.05
            touched += int(before > cap)
            if before <= cap:
                assert torch.equal(used[name], weight)
        else:
            assert torch.equal(used[name], weight)
    assert touched


def test_power_iteration_finds_the_singular_value() -> None:
    """Without learning, u' W v converges to the largest singular value."""
    strategy = build("spectral_norm", "digits")
    players = learner("digits").init(rng.seed_key(0)).players
    task, key = learner("digits").task, rng.seed_key(1)
    memory = strategy.init_memory(StartContext(task, strategy.mine(task), players, key))
    context = type("Context", (), {"new": players})()
    for _ in range(300):
        memory = strategy.update_memory(memory, context)
    for name, weight in players.critic.items():
        if weight.dim() >= 2:
            matrix = weight.flatten(1)
            kept = memory["critic"][name]
            sigma = kept["u"] @ matrix @ kept["v"]
            assert torch.isclose(sigma, torch.linalg.svdvals(matrix)[0], rtol=1e-4)


@pytest.mark.parametrize(
    ("task", "twins", "changed"),
    [
        ("pendulum", False, {"2/weight"}),
        ("pendulum", True, {"0/0/2/weight", "0/1/2/weight"}),
        ("ring8", False, {"0/weight", "2/weight", "4/weight"}),
        ("ring8", True, {f"0/{head}/{layer}/weight" for head in (0, 1) for layer in (0, 2, 4)}),
    ],
)
def test_in_rl_the_last_hidden_layer_alone(task: str, twins: bool, changed: set[str]) -> None:
    """Of every head; in a GAN all layers."""
    made = build("spectral_norm", task, cap=1e-3)
    what = learner(task, made, *([build("twin_critics", task)] if twins else []))
    state = what.init(rng.seed_key(0))
    critic, memory = state.players.critic, state.memories["spectral_norm"]
    used = made.forward_params(critic, ForwardContext("critic", memory, None))
    assert {name for name in critic if not torch.equal(used[name], critic[name])} == changed
    assert used.keys() == critic.keys()


def test_the_actor_is_left_alone() -> None:
    what = learner("ring8", build("spectral_norm", "ring8", cap=1e-3))
    state = what.init(rng.seed_key(0))
    assert what.eval_params(state) is state.players.actor


def test_inert_in_rl_where_there_is_no_hidden_layer() -> None:
    for task, inert in (("lqr", True), ("pendulum", False), ("dirac", False)):
        assert bool(build("spectral_norm", task).why_inert(registry.task(task))) == inert
