"""Makes the demonstrations of `pendulum_imitation` by the reference kit's actor on `pendulum`.

    python -m bench.contribute.demonstrations

Trains one seed of `pendulum/reference`, plays ten episodes with the noise of exploration, and
writes what the actor observed and intended. The file's hash belongs into the task; it is the same
on the same kind of processor with the same libraries, so that it need not be made again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch

from bench.experiment.cell import Cell
from bench.functional import pytree, rng
from bench.tasks.family.control import Control
from bench.tasks.pendulum_imitation import FILE
from bench.training.environments import stretch
from bench.training.train import train

SEED, EPISODES = 0, 10


def main() -> None:
    """Train, play, write, and say what the episodes are worth."""
    learner = Cell.parse("pendulum/reference").learner()
    run = train(learner, [SEED])
    state, key = pytree.take(run.state, 0), rng.fold(rng.seed_key(SEED), "demonstrations")
    assert isinstance(learner.task, Control)
    env = gymnasium.make(learner.task.environment)
    space: Any = env.action_space
    draws, rows, returns = np.random.default_rng(SEED), [], []
    for episode in range(EPISODES):
        (obs, _), total, ended = env.reset(seed=episode), 0.0, False
        while not ended:
            row = torch.as_tensor(obs[None], dtype=torch.get_default_dtype())
            intended = learner.eval_action(state, row, key)[0].detach().numpy()
            rows.append(np.concatenate([obs, intended]).astype(np.float32))
            noise = learner.task.exploration * draws.normal(size=intended.shape)
            tried = np.clip(intended + noise, -1.0, 1.0)
            given = stretch(tried, space.low, space.high)
            obs, reward, terminated, truncated, _ = env.step(given)
            total, ended = total + float(reward), terminated or truncated
        returns.append(total)
    np.save(FILE, np.stack(rows), allow_pickle=False)
    print(f"{Path(FILE).name}: {len(rows)} rows of {EPISODES} episodes")
    print(f"returns: mean {np.mean(returns):.1f}, from {min(returns):.1f} to {max(returns):.1f}")
    print(f"SHA-256 {hashlib.sha256(Path(FILE).read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
