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


def layer(key: Any, shape: tuple[int, ...], outputs: int, fan_in: int) -> Any:
    """Weight and bias, uniform in +-1/sqrt(fan in)."""
    bound = fan_in**-0.5
    weight, bias = jax.random.split(key)
    return (
        jax.random.uniform(weight, shape, minval=-bound, maxval=bound),
        jax.random.uniform(bias, (outputs,), minval=-bound, maxval=bound),
    )


def network(key: Any, *sizes: int) -> Any:
    keys = jax.random.split(key, len(sizes) - 1)
    pairs = itertools.pairwise(sizes)
    return [layer(own, pair, pair[1], pair[0]) for own, pair in zip(keys, pairs, strict=True)]


def forward(layers: Any, x: Any) -> Any:
    for weight, bias in layers[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    weight, bias = layers[-1]
    return x @ weight + bias


def act(actor: Any, obs: Any) -> Any:
    return jnp.tanh(forward(actor, obs))


def q_value(critic: Any, obs: Any, action: Any) -> Any:
    return forward(critic, jnp.concatenate([obs, action], axis=-1))[:, 0]


def adam_state(params: Any) -> Any:
    zeros = jax.tree.map(jnp.zeros_like, params)
    return zeros, zeros, jnp.zeros(())


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
    state = {
        "actor": actor,
        "critic": critic,
        "copies": (actor, critic),
        "actor_opt": adam_state(actor),
        "critic_opt": adam_state(critic),
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


def repeated(update: Callable[..., Any], carried: list[Any], *given: Any) -> Callable[[], Any]:
    """One update of all seeds per call, by XLA, which returns the losses once they are there.

    vmapped over seeds and compiled with all that is carried donated, so that a replay buffer is
    written in place.
    """
    # Donated buffers must be told apart, and a fresh state holds some of them twice.
    held = jax.tree.map(lambda leaf: leaf.copy(), carried)
    compiled = jax.jit(jax.vmap(update), donate_argnums=tuple(range(len(carried))))

    def call() -> Any:
        *held[:], losses = compiled(*held, *given)
        jax.block_until_ready((held, losses))
        return losses

    return call


def ddpg(width: int, rows: int, seeds: int) -> Callable[[], Any]:
    """One DDPG update of all seeds per call, with replay, target copies and Adam."""
    keys = jax.random.split(jax.random.key(0), seeds)
    carried = list(jax.vmap(partial(init, width=width))(keys))
    row = jnp.asarray(np.random.default_rng(0).normal(size=(seeds, 2 * OBS + ACT + 2)), "float32")
    return repeated(partial(update, rows=rows), carried, row)
