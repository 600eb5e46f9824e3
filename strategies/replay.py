"""Replaces a share of the batch by draws from a ring of past experience."""

from typing import Any

import torch
from torch import Tensor

from bench import rng
from bench.game import Experience, Task
from bench.steps import Core
from bench.strategy import After, At, Strategy
from bench.trees import tmap

HOME = "rl"
SOURCE = "Lin, 1992; Mnih et al., 2015; for GANs Shrivastava et al., 2017, arXiv 1612.07828"
NEUTRAL = {"share": 0.0, "capacity": 100}
ACTIVE = {"capacity": 100}  # a few updates need no more, and the rings of big tasks are large
DEFAULTS = {
    "gan": {"share": 0.5},  # SimGAN: half of the generated half
    "locomotion": {"capacity": 1_000_000},
}


def replay(*, share: float = 1.0, capacity: int = 20_000) -> Strategy:
    """Replaces a share of the batch by draws from a ring of past experience.

    Of the `batch_rows` rows of the actor's making, round(share * batch_rows) are drawn uniformly
    from the last `capacity` rows it made, past ones and the newest; the newest fill the rest as far
    as they go. In RL these are transitions, in a GAN past samples; real samples are always fresh.
    share = 0 is neutral. In RL all rows are drawn (DDPG), in a GAN half (SimGAN). Raises ValueError
    if the ring cannot hold what one update adds.

    Paper against here: DQN and DDPG keep 1e6 transitions, as we do for locomotion; 20,000 is as
    many as a core task makes.
    """

    def slot(core: Core, game: Task, key: Tensor) -> Any:
        return {"rows": game.blank(capacity), "written": torch.zeros_like(key)}

    def batch(value: Experience, at: At) -> Experience:
        game, made = at.game, at.game.own(value)
        drawn = round(share * game.batch_rows)
        kept = min(made, game.batch_rows - drawn) if drawn else made
        own = tmap(lambda leaf: leaf[:made], value)
        # The newest rows are written after the update, so draws that fall on them are looked up.
        filled = (at.slot["written"] + made).clamp(max=capacity)
        pick = rng.integers(rng.fold(at.key, "draw"), (drawn,), filled)
        age = (pick - at.slot["written"]) % capacity
        newest = age < made

        def mixed(ring: Tensor, own: Tensor, all_rows: Tensor) -> Tensor:
            recent = own[age.clamp(max=made - 1)]
            mask = newest.reshape(-1, *[1] * (own.dim() - 1))
            past = torch.where(mask, recent, ring[pick])
            return torch.cat([own[:kept], past, all_rows[made:]])

        return tmap(mixed, at.slot["rows"], own, value)

    def refresh(memory: Any, after: After) -> Any:
        made = after.game.own(after.fresh)
        if made > capacity:
            raise ValueError(f"a replay of {capacity} rows cannot hold the {made} of one update")
        own = tmap(lambda leaf: leaf[:made], after.fresh)
        where = (memory["written"] + torch.arange(made, device=memory["written"].device)) % capacity
        # In place: see the law on private memory in bench.strategy.
        rows = tmap(lambda ring, new: ring.index_put_((where,), new), memory["rows"], own)
        return {"rows": rows, "written": memory["written"] + made}

    return Strategy(name="replay", batch=batch, slot=slot, refresh=refresh)
