"""Draws past experience by how wrong the critic was about it."""

import torch
from torch import Tensor

from bench.functional.pytree import tmap
from bench.learner import replay as buffers
from bench.learner.integrators import Core
from bench.learner.prioritized_replay import Memory, empty, targets
from bench.learner.strategy import After, At, Place, Strategy
from bench.learner.task import Examples, Experience, Task

HOME = "rl"
SOURCE = "Schaul et al., 2016, arXiv 1511.05952, section 3.3"
NEUTRAL = {"share": 0.0, "capacity": 100}
ACTIVE = {"capacity": 100}  # a few updates need no more, and the rings of big tasks are large
DEFAULTS = {"gan": {"share": 0.5}, "locomotion": {"capacity": 1_000_000}}
SEARCH = {"alpha": (0.3, 0.6, 1.0), "beta": (0.4, 1.0)}


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
        return place.slot.draw(place.key, round(share * place.game.batch_rows), alpha)

    def batch(value: Experience, at: At) -> Experience:
        if not share:
            return value
        # at.batch is the newest experience, `value` what another strategy may have made of it.
        own, places = buffers.owned(at.game, at.batch), drawn(at)[0]
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
        return empty(game, capacity, key)

    def refresh(memory: Memory, after: After) -> Memory:
        if share:
            places, _ = drawn(after)
            rows = tmap(lambda leaf: leaf[places], memory.ring.rows)
            said = after.game.value(after.q(after.new.critic, rows.obs, rows.action))
            error = (targets(rows, after) - said).abs() + 1e-6
            # Equal places have equal errors, and an empty memory learns nothing.
            memory = memory.told(places, torch.where(memory.ring.written > 0, error, 0.0))
        return memory.append(buffers.owned(after.game, after.fresh))

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
