"""Our DDPG update written in JAX, compiled by XLA. JAX comes with the optional extra `peers`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.benchmarks.peers import ACT, CAPACITY, DISCOUNT, LR, OBS, TAU


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


def q_value(critic: Any, obs: Any, action: Any) -> Any:
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


def init(key: Any, width: int) -> Any:
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


def update(state: Any, buffer: Any, row: Any, rows: int) -> Any:
    key, use = jax.random.split(state["key"])
    buffer = jax.lax.dynamic_update_slice(buffer, row[None], (state["written"] % CAPACITY, 0))
    written = state["written"] + 1
    indices = jax.random.randint(use, (rows,), 0, jnp.minimum(written, CAPACITY))
    obs, action, reward, going_on, next_obs = jnp.split(
        buffer[indices], [OBS, OBS + ACT, OBS + ACT + 1, OBS + ACT + 2], axis=1
    )
    copy_actor, copy_critic = state["copies"]
    value = q_value(copy_critic, next_obs, act(copy_actor, next_obs))
    target = reward[:, 0] + DISCOUNT * going_on[:, 0] * value
    critic_loss, grads = jax.value_and_grad(
        lambda critic: jnp.mean((q_value(critic, obs, action) - target) ** 2)
    )(state["critic"])
    critic, critic_opt = adam(state["critic"], grads, state["critic_opt"])
    actor_loss, grads = jax.value_and_grad(
        lambda actor: -jnp.mean(q_value(critic, obs, act(actor, obs)))
    )(state["actor"])
    actor, actor_opt = adam(state["actor"], grads, state["actor_opt"])
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
    return state, buffer, (critic_loss, actor_loss)


def ddpg(width: int, rows: int, seeds: int) -> Callable[[], None]:
    """One DDPG update of all seeds per call, with replay, target copies and Adam, by XLA.

    vmapped over seeds and compiled with all buffers donated, so that the replay buffer is written
    in place; returns once the result is there.
    """
    keys = jax.random.split(jax.random.key(0), seeds)
    state, buffer = jax.vmap(partial(init, width=width))(keys)
    # Donated buffers must be told apart, and a fresh state holds some of them twice.
    held = [jax.tree.map(lambda leaf: leaf.copy(), state), buffer]
    compiled = jax.jit(jax.vmap(partial(update, rows=rows)), donate_argnums=(0, 1))
    row = jnp.asarray(np.random.default_rng(0).normal(size=(seeds, 2 * OBS + ACT + 2)), "float32")

    def call() -> None:
        held[0], held[1], losses = compiled(*held, row)
        jax.block_until_ready((held, losses))

    call()
    return call
