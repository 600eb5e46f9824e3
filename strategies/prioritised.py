"""Draws past experience by how wrong the critic was about it."""

from typing import NamedTuple

import torch
from torch import Tensor

from bench import ring, rng
from bench.game import Examples, Experience, Task
from bench.steps import Core
from bench.strategy import After, At, Place, Strategy
from bench.trees import tmap

HOME = "rl"
SOURCE = "Schaul et al., 2016, arXiv 1511.05952, section 3.3"
NEUTRAL = {"share": 0.0, "capacity": 100}
ACTIVE = {"capacity": 100}  # a few updates need no more, and the rings of big tasks are large
DEFAULTS = {"gan": {"share": 0.5}, "locomotion": {"capacity": 1_000_000}}
SEARCH = {"alpha": (0.3, 0.6, 1.0), "beta": (0.4, 1.0)}


class Memory(NamedTuple):
    """Past rows, and how much each is wanted."""

    ring: ring.Ring
    priority: Tensor  # [capacity], 0 where nothing was written


def prioritised(
    *, share: float = 1.0, alpha: float = 0.6, beta: float = 0.4, capacity: int = 20_000
) -> Strategy:
    """Draws past experience by how wrong the critic was about it.

    As `replay`, but row i of those before this update is drawn with P_i = p_i^alpha / sum_j
    p_j^alpha, where p_i = |y_i - value(q_i)| + 1e-6 when it was last drawn, and the largest p there
    is for new rows. It counts in the critic's loss with (rows * P_i)^-b, over the largest of the
    draw, b growing from beta to 1 over the run. share = 0 is neutral. Beside `replay` these draws
    replace its own.

    Paper against here: with it the paper cuts the step size to a quarter, which is left to `ttur`.
    In a GAN the error of a past sample is how real it still looks.
    """

    def drawn(place: Place) -> tuple[Tensor, Tensor]:
        """Places and probabilities [n] of this update's draws, the same whenever asked."""
        height = _uniform(place.key, round(share * place.game.batch_rows))
        priority = place.slot.priority
        # In double precision: a float32 sum over a million rows would lose single ones.
        wanted = torch.where(priority > 0.0, priority**alpha, 0.0).double()
        total = wanted.cumsum(dim=0)
        places = torch.searchsorted(total, height * total[-1], right=True).clamp(max=capacity - 1)
        return places, (wanted[places] / total[-1].clamp(min=1e-30)).to(priority.dtype)

    def batch(value: Experience, at: At) -> Experience:
        if not share:
            return value
        # at.batch is the newest experience, `value` what another strategy may have made of it.
        own, places = ring.owned(at.game, at.batch), drawn(at)[0]
        made, count = own.reward.shape[0], places.shape[0]
        kept = max(0, min(made, at.game.batch_rows - count))
        begun = at.slot.ring.written > 0
        newest = torch.arange(count, device=places.device) % made

        def mixed(rows: Tensor, new: Tensor, every: Tensor) -> Tensor:
            past = torch.where(begun, rows[places], new[newest])
            return torch.cat([new[:kept], past, every[at.game.own(value) :]])

        return tmap(mixed, at.slot.ring.rows, own, value)

    def examples(value: Examples, at: At) -> Examples:
        if value.role != "critic" or not share:
            return value
        chance = drawn(at)[1]
        rows = at.slot.ring.filled(0).clamp(min=1)
        fairness = beta + (1.0 - beta) * (at.core.step / at.game.updates).clamp(max=1.0)
        weight = (rows * chance).clamp(min=1e-30) ** -fairness
        weight = torch.where(at.slot.ring.written > 0, weight / weight.amax(), 1.0)
        before = at.game.own(at.batch) - weight.shape[0]
        after = at.batch.reward.shape[0] - at.game.own(at.batch)
        full = torch.nn.functional.pad(weight - 1.0, (before, after)) + 1.0
        return value._replace(weight=value.weight * full)

    def slot(core: Core, game: Task, key: Tensor) -> Memory:
        return Memory(ring.empty(game, capacity, key), torch.zeros(capacity) + 0.0 * key)

    def refresh(memory: Memory, after: After) -> Memory:
        own = ring.owned(after.game, after.fresh)
        highest = torch.maximum(memory.priority.amax(), torch.ones(()))
        priority = memory.priority
        if share:
            places, _ = drawn(after)
            rows = tmap(lambda leaf: leaf[places], memory.ring.rows)
            error = torch.where(memory.ring.written > 0, _error(rows, after) + 1e-6, 0.0)
            # In place, as the ring is; equal places have equal errors.
            priority = priority.index_put_((places,), error)
        newest = memory.ring.newest(own.reward.shape[0])
        priority = priority.index_put_((newest,), highest.expand(newest.shape))
        return Memory(memory.ring.append(own), priority)

    return Strategy(
        name="prioritised",
        slot=slot,
        batch=batch,
        examples=examples,
        refresh=refresh,
        after=(
            *("replay", "target_smoothing", "diff_augment", "instance_noise"),
            *("label_smoothing", "huber"),
        ),
    )


def _uniform(key: Tensor, count: int) -> Tensor:
    """Uniform in [0, 1) with 48 bits, which tell a million rows apart; float64 [count]."""
    high, low = (rng.uniform(rng.fold(key, name), (count,)).double() for name in ("draw", "low"))
    return high + low * 2.0**-24


def _error(rows: Experience, after: After) -> Tensor:
    """|y - value(q)| [n] by the critic as it is now, its own bootstrap included."""
    q, value = after.q, after.game.value
    target = rows.reward
    if after.game.discount > 0.0:
        action = after.act(after.new.actor, rows.next_obs, rng.fold(after.key, "next"))
        target = target + rows.discount * value(q(after.new.critic, rows.next_obs, action))
    return (target - value(q(after.new.critic, rows.obs, rows.action))).abs()
