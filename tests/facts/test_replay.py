"""The buffer holds the last rows, and draws are uniform over what has been written."""

from dataclasses import replace

import pytest
import torch

from bench.contribute.strategy_checks import experience
from bench.experiment import registry
from bench.functional import rng
from bench.functional.pytree import tmap
from bench.learner.replay import ReplayBuffer
from bench.learner.strategy import StartContext, Strategy
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")


def played(
    updates: int, capacity: int
) -> tuple[list[torch.Tensor], list[torch.Tensor], ReplayBuffer]:
    """Rewards that were seen and batches that were learned from, per update; the final memory."""
    task = registry.task("lqr")
    made = build("replay", "lqr", capacity=capacity)
    batches: list[torch.Tensor] = []

    def spy(value, context):  # type: ignore[no-untyped-def]
        batch = made.batch(value, context)
        if context.player == "critic":
            batches.append(batch.reward.clone())
        return batch

    spied: Strategy = replace(made, batch=spy)
    what, key = learner("lqr", spied), rng.seed_key(0)
    state, rewards = what.init(key), []
    for update in range(updates):
        seen = experience(task, rng.fold(key, update))
        rewards.append(seen.reward)
        state, _ = what.update(tmap(lambda leaf: leaf.clone(), state), seen, key)
    return rewards, batches, state.memories["replay"]


def test_the_buffer_holds_the_last_rows() -> None:
    rewards, _, memory = played(updates=7, capacity=10)
    last = torch.cat(rewards)[-10:]
    assert memory.written == 7 * 4
    assert torch.equal(memory.rows.reward.sort().values, last.sort().values)


def test_draws_come_from_what_was_seen_the_newest_included() -> None:
    rewards, batches, _ = played(updates=7, capacity=12)
    for update, batch in enumerate(batches):
        alive = torch.cat(rewards[: update + 1])[-12:]
        assert torch.isin(batch, alive).all()
        assert len(batch) == registry.task("lqr").batch_rows
    # 64 draws out of 12 rows miss the 4 newest ones with probability (2/3)^64 < 1e-11.
    assert torch.isin(rewards[-1], batches[-1]).any()


def test_draws_are_uniform() -> None:
    """Chi-squared of 12 equally likely rows over 40 updates' draws; 31.3 is its 99.9 % quantile."""
    task = registry.task("lqr")
    made = build("replay", "lqr", capacity=12)
    what, key = learner("lqr", made), rng.seed_key(3)
    memory = made.init_memory(StartContext(task, made.mine(task), what.init(key).players, key))
    memory = ReplayBuffer(memory.rows._replace(reward=torch.arange(12.0)), key * 0 + 12)
    fresh = task.blank(4)._replace(reward=torch.tensor([0.0, 1.0, 2.0, 3.0]))
    counts = torch.zeros(12)
    for update in range(40):
        context = type(
            "Context", (), {"task": task, "memory": memory, "key": rng.fold(key, update)}
        )()
        counts += torch.bincount(made.batch(fresh, context).reward.long(), minlength=12)
    expected = counts.sum() / 12
    assert ((counts - expected).square() / expected).sum() < 31.3


def test_half_of_a_gans_samples_are_past_ones_and_the_data_stay_fresh() -> None:
    task, key = registry.task("ring8"), rng.seed_key(0)
    made, what = build("replay", "ring8"), learner("ring8")
    memory = made.init_memory(StartContext(task, made.mine(task), what.init(key).players, key))
    rows = memory.rows._replace(action=memory.rows.action - 99.0)
    memory = ReplayBuffer(rows, key * 0 + 20_000)
    actor = what.init(key).players.actor
    act = lambda obs, use: what.act(actor, obs, use)  # noqa: E731
    fresh = task.fresh(act, key, torch.tensor(0), task.blank(0))
    context = type("Context", (), {"task": task, "memory": memory, "key": key})()
    batch = made.batch(fresh, context)
    past = (batch.action == -99.0).all(dim=1)
    assert batch.action.shape == fresh.action.shape
    assert 30 <= past[:64].sum() <= 32  # half; a draw may fall on the newest rows
    assert torch.equal(batch.action[64:], fresh.action[64:])


def test_a_buffer_too_small_for_one_update_is_refused() -> None:
    with pytest.raises(ValueError, match="3 rows cannot hold the 4 of one update"):
        played(updates=1, capacity=3)
