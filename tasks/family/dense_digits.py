"""Image GANs of dense networks: on 8 x 8 pixels as good as small convolutions, at a fifth."""

from __future__ import annotations

from bench.functional.layers import mlp
from bench.functional.optim import Adam
from bench.learner.problem import Blueprint, Player


def dense(pixels: int) -> Blueprint:
    """Two relu layers of 128 units in each network, Adam at 1e-3; tanh bounds the pixels."""
    return Blueprint(
        actor=Player(mlp(128, 128, pixels, activation="relu", output="tanh"), Adam(1e-3)),
        critic=Player(mlp(128, 128, 1, activation="relu"), Adam(1e-3)),
    )
