"""The same work done by others: a JAX twin of our update, Stable-Baselines3's DDPG.

Both are in the optional extra `peers` and are used here only.
"""

from __future__ import annotations

import itertools
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

OBS, ACT, DISCOUNT, TAU, LR, CAPACITY = 3, 1, 0.98, 0.02, 1e-3, 20_000


def jax_ddpg(width: int, rows: int, seeds: int) -> Callable[[], None]:
    """One DDPG update of all seeds per call, with replay, target copies and Adam, by XLA.

    vmapped over seeds and compiled with all buffers donated, so that the ring is written in place;
    returns once the result is there.
    """
    import jax
    import jax.numpy as jnp

    def network(key: Any, *sizes: int) -> Any:
        layers = []
        for fan_in, fan_out in itertools.pairwise(sizes):
            key, weight, bias = jax.random.split(key, 3)
            bound = fan_in**-0.5
            layers.append(
                (
                    jax.random.uniform(weight, (fan_in, fan_out), minval=-bound, maxval=bound),
                    jax.random.uniform(bias, (fan_out,), minval=-bound, maxval=bound),
                )
            )
        return layers

    def forward(layers: Any, x: Any) -> Any:
        for weight, bias in layers[:-1]:
            x = jax.nn.relu(x @ weight + bias)
        weight, bias = layers[-1]
        return x @ weight + bias

    def act(actor: Any, obs: Any) -> Any:
        return jnp.tanh(forward(actor, obs))

    def judge(critic: Any, obs: Any, action: Any) -> Any:
        return forward(critic, jnp.concatenate([obs, action], axis=-1))[:, 0]

    def adam(params: Any, grads: Any, state: Any) -> Any:
        mean, square, count = state
        count = count + 1
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, grads)
        square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, grads)
        first, second = 1 - 0.9**count, 1 - 0.999**count

        def moved(p: Any, m: Any, v: Any) -> Any:
            return p - LR * (m / first) / (jnp.sqrt(v / second) + 1e-8)

        return jax.tree.map(moved, params, mean, square), (mean, square, count)

    def begin(key: Any) -> Any:
        own, actor_key, critic_key = jax.random.split(key, 3)
        actor = network(actor_key, OBS, width, width, ACT)
        critic = network(critic_key, OBS + ACT, width, width, 1)
        zeros = [jax.tree.map(jnp.zeros_like, net) for net in (actor, critic)]
        state = {
            "actor": actor,
            "critic": critic,
            "copies": (actor, critic),
            "actor_opt": (zeros[0], zeros[0], jnp.zeros(())),
            "critic_opt": (zeros[1], zeros[1], jnp.zeros(())),
            "key": own,
            "written": jnp.zeros((), jnp.int32),
        }
        return state, jnp.zeros((CAPACITY, 2 * OBS + ACT + 2))

    def update(state: Any, ring: Any, row: Any) -> Any:
        key, use = jax.random.split(state["key"])
        ring = jax.lax.dynamic_update_slice(ring, row[None], (state["written"] % CAPACITY, 0))
        written = state["written"] + 1
        places = jax.random.randint(use, (rows,), 0, jnp.minimum(written, CAPACITY))
        obs, action, reward, going_on, after = jnp.split(
            ring[places], [OBS, OBS + ACT, OBS + ACT + 1, OBS + ACT + 2], axis=1
        )
        copy_actor, copy_critic = state["copies"]
        value = judge(copy_critic, after, act(copy_actor, after))
        target = reward[:, 0] + DISCOUNT * going_on[:, 0] * value
        critic_loss, slope = jax.value_and_grad(
            lambda critic: jnp.mean((judge(critic, obs, action) - target) ** 2)
        )(state["critic"])
        critic, critic_opt = adam(state["critic"], slope, state["critic_opt"])
        actor_loss, slope = jax.value_and_grad(
            lambda actor: -jnp.mean(judge(critic, obs, act(actor, obs)))
        )(state["actor"])
        actor, actor_opt = adam(state["actor"], slope, state["actor_opt"])
        copies = jax.tree.map(
            lambda copy, new: copy + TAU * (new - copy), state["copies"], (actor, critic)
        )
        state = {
            "actor": actor,
            "critic": critic,
            "copies": copies,
            "actor_opt": actor_opt,
            "critic_opt": critic_opt,
            "key": key,
            "written": written,
        }
        return state, ring, (critic_loss, actor_loss)

    state, ring = jax.vmap(begin)(jax.random.split(jax.random.key(0), seeds))
    # Donated buffers must be told apart, and a fresh state holds some of them twice.
    held = [jax.tree.map(lambda leaf: leaf.copy(), state), ring]
    compiled = jax.jit(jax.vmap(update), donate_argnums=(0, 1))
    row = jnp.asarray(np.random.default_rng(0).normal(size=(seeds, 2 * OBS + ACT + 2)), "float32")

    def call() -> None:
        held[0], held[1], losses = compiled(*held, row)
        jax.block_until_ready((held, losses))

    call()
    return call


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
