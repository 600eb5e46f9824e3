"""The sizes of what is compared with peers, and Stable-Baselines3's DDPG.

Stable-Baselines3 is in the optional extra `peers` and is used here only; see `jax_twin` for JAX.
"""

from __future__ import annotations

import time
import warnings

import numpy as np

OBS, ACT, DISCOUNT, TAU, LR, CAPACITY = 3, 1, 0.98, 0.02, 1e-3, 20_000


def sb3_steps_per_second(width: int, rows: int, steps: int, every: int) -> float:
    """Stable-Baselines3's DDPG on Pendulum-v1: one environment step and one update at a time.

    Evaluated as we do: five episodes after `every` steps.
    """
    import gymnasium
    from stable_baselines3 import DDPG
    from stable_baselines3.common.callbacks import EvalCallback
    from stable_baselines3.common.monitor import Monitor
    from stable_baselines3.common.noise import NormalActionNoise

    model = DDPG(
        "MlpPolicy",
        gymnasium.make("Pendulum-v1"),
        learning_rate=LR,
        buffer_size=CAPACITY,
        learning_starts=100,
        batch_size=rows,
        tau=TAU,
        gamma=DISCOUNT,
        train_freq=1,
        gradient_steps=1,
        action_noise=NormalActionNoise(np.zeros(1), 0.1 * np.ones(1)),
        policy_kwargs={"net_arch": [width, width]},
        device="cpu",
    )
    judge = EvalCallback(
        Monitor(gymnasium.make("Pendulum-v1")), eval_freq=every, n_eval_episodes=5, verbose=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.learn(200)
        start = time.perf_counter()
        model.learn(steps, callback=judge, reset_num_timesteps=False)
        return steps / (time.perf_counter() - start)
