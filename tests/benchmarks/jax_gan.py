"""Our updates of GANs written in JAX, compiled by XLA: dense networks and small convolutions.

Convolutions by XLA's own operation, or all as matrix products, as we compute the smaller ones.
Images are [rows, height, width, channels], kernels [height, width, channels in, channels out].
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import torch

from bench.tasks.family.images import ImageGan
from bench.tasks.family.mixture import MixtureGan
from tests.benchmarks.jax_twin import adam, adam_state, forward, layer, network, repeated

Convolve = Callable[..., Any]
LAYOUT = ("NHWC", "HWIO", "NHWC")


def by_library(kernel: Any, x: Any, *, up: bool = False) -> Any:
    """A kernel of 3 x 3 keeps the sides, one of 4 x 4 halves them; `up` is the adjoint."""
    stride = (kernel.shape[0] - 2,) * 2
    if up:
        return jax.lax.conv_transpose(
            x, kernel, stride, "SAME", dimension_numbers=LAYOUT, transpose_kernel=True
        )
    return jax.lax.conv_general_dilated(
        x, kernel, stride, ((1, 1), (1, 1)), dimension_numbers=LAYOUT
    )


def by_matrix(kernel: Any, x: Any, *, up: bool = False) -> Any:
    """The same, of flattened images."""
    stride = kernel.shape[0] - 2
    small, large = x.shape[1:3], tuple(stride * side for side in x.shape[1:3])
    if not up:
        small, large = tuple(side // stride for side in x.shape[1:3]), x.shape[1:3]
    matrix = kernel_matrix(kernel, large, stride)
    made = x.reshape(x.shape[0], -1) @ (matrix.T if up else matrix)
    return made.reshape(x.shape[0], *(large if up else small), -1)


def kernel_matrix(kernel: Any, sides: tuple[int, int], stride: int) -> Any:
    """The matrix [inputs, outputs] of a convolution of images with these sides."""
    size = kernel.shape[0]

    def placed(spread: Any, axis: int, side: int) -> Any:
        """The kernel padded to the input along one axis, once per output position, in front."""
        starts = range(-1, side + 2 - size, stride)
        pads = [[(0, 0, 0)] * spread.ndim for _ in starts]
        for pad, start in zip(pads, starts, strict=True):
            pad[axis] = (start, side - size - start, 0)
        return jnp.stack([jax.lax.pad(spread, 0.0, pad) for pad in pads])

    spread = placed(placed(kernel, 1, sides[1]), 1, sides[0])  # [h. out, w. out, *sides, in, out]
    outputs = math.prod(spread.shape[:2]) * kernel.shape[3]
    return spread.transpose(2, 3, 4, 0, 1, 5).reshape(-1, outputs)


def dense_networks(key: Any, task: MixtureGan) -> Any:
    actor, critic = jax.random.split(key)
    return (
        network(actor, task.noise_size, *task.hidden, task.action_size),
        network(critic, task.action_size, *task.hidden, 1),
    )


def image_networks(key: Any, task: ImageGan) -> Any:
    """A dense layer and transposed convolutions; convolutions and a dense layer."""
    (channels, height, wide), doublings = task.image_shape, task.doublings
    pixels = (height >> doublings) * (wide >> doublings)
    widths = [channels, *(task.width << i for i in range(doublings))]  # the image's first
    keys = iter(jax.random.split(key, 2 * doublings + 3))
    actor = [*network(next(keys), task.noise_size, pixels * widths[-1])]
    for after, into in reversed(list(itertools.pairwise(widths))):
        actor.append(layer(next(keys), (4, 4, after, into), after, 16 * after))
    critic = [layer(next(keys), (3, 3, channels, task.width), task.width, 9 * channels)]
    for into in (task.width << i for i in range(doublings)):
        critic.append(layer(next(keys), (4, 4, into, 2 * into), 2 * into, 16 * into))
    critic += network(next(keys), pixels * (task.width << doublings), 1)
    return actor, critic


def drawn(layers: Any, noise: Any, task: ImageGan, convolve: Convolve) -> Any:
    """Flat images, by DCGAN's generator."""
    (_, height, wide), doublings = task.image_shape, task.doublings
    x = forward(layers[:1], noise)
    x = x.reshape(noise.shape[0], height >> doublings, wide >> doublings, -1)
    for kernel, bias in layers[1:]:
        x = convolve(kernel, jax.nn.relu(x), up=True) + bias
    return jnp.tanh(x).reshape(noise.shape[0], -1)


def judged(layers: Any, flat: Any, task: ImageGan, convolve: Convolve) -> Any:
    """Logits of flat images [rows, 1]."""
    channels, height, wide = task.image_shape
    x = flat.reshape(-1, height, wide, channels)
    for kernel, bias in layers[:-1]:
        x = jax.nn.leaky_relu(convolve(kernel, x) + bias)
    return forward(layers[-1:], x.reshape(flat.shape[0], -1))


def of_the_ring(key: Any, task: MixtureGan) -> Any:
    """Points of the mixture."""
    mode, noise = jax.random.split(key)
    centres = jnp.array(task.mixture.centres)
    modes = jax.random.randint(mode, (task.batch_rows,), 0, len(centres))
    near = jax.random.normal(noise, (task.batch_rows, task.action_size))
    return centres[modes] + task.mixture.deviation * near


def of_the_images(key: Any, task: ImageGan, images: Any) -> Any:
    """Images of the data, with replacement; with one channel the layout does not matter."""
    return images[jax.random.randint(key, (task.batch_rows,), 0, len(images))]


def update(state: Any, task: Any, actor: Any, critic: Any, real: Any) -> Any:
    """The critic's step on samples and data, then the actor's on fresh samples."""
    key, fresh, data, own = jax.random.split(state["key"], 4)
    shape = (task.batch_rows, task.noise_size)
    action = jnp.concatenate([actor(state["actor"], jax.random.normal(fresh, shape)), real(data)])
    reward = jnp.repeat(jnp.array([0.0, 1.0]), task.batch_rows)

    def critic_loss(params: Any) -> Any:
        q = critic(params, action)[:, 0]
        return 2.0 * jnp.mean(jax.nn.softplus(q) - reward * q)

    loss, grads = jax.value_and_grad(critic_loss)(state["critic"])
    judge, critic_opt = adam(state["critic"], grads, state["critic_opt"])
    noise = jax.random.normal(own, shape)
    actor_loss, grads = jax.value_and_grad(
        lambda params: jnp.mean(jax.nn.softplus(-critic(judge, actor(params, noise))))
    )(state["actor"])
    moved, actor_opt = adam(state["actor"], grads, state["actor_opt"])
    new = {"actor": moved, "critic": judge, "actor_opt": actor_opt, "critic_opt": critic_opt}
    return new | {"key": key}, (loss, actor_loss)


def init(key: Any, networks: Any) -> Any:
    own, nets = jax.random.split(key)
    actor, critic = networks(nets)
    opts = {"actor_opt": adam_state(actor), "critic_opt": adam_state(critic)}
    return {"actor": actor, "critic": critic, "key": own, **opts}


def gan(task: Any, seeds: int, convolve: Convolve | None = None) -> tuple[Any, Callable[[], Any]]:
    """All seeds' state, and one update of all seeds per call; a task with images `convolve`s."""
    if convolve is None:
        networks: Any = dense_networks
        actor = critic = forward
        real = partial(of_the_ring, task=task)
    else:
        networks = image_networks
        actor, critic = (partial(part, task=task, convolve=convolve) for part in (drawn, judged))
        images = jnp.asarray(task.images(torch.device("cpu")).numpy())
        real = partial(of_the_images, task=task, images=images)
    keys = jax.random.split(jax.random.key(0), seeds)
    state = jax.vmap(partial(init, networks=partial(networks, task=task)))(keys)
    own = partial(update, task=task, actor=actor, critic=critic, real=real)
    return state, repeated(own, [state])
