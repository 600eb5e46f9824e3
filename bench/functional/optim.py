"""Optimizers as frozen dataclasses: `init` creates a state, `update` takes one step.

Both work on one flat vector [P] per player: a tenth of the kernels that a loop over tensors needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch

from bench.functional.pytree import Params, ravel, unravel


class Optimizer(Protocol):
    """Minimises one player's loss by gradient steps on its parameters."""

    def init(self, params: Params) -> Any:
        """Return the optimizer's state before the first step."""
        ...

    def update(self, params: Params, grads: Params, state: Any) -> tuple[Params, Any]:
        """Return parameters and state after one step against the gradient `grads` of the loss."""
        ...


def _moved(params: Params, step: torch.Tensor) -> Params:
    return {name: params[name] + part for name, part in unravel(step, params).items()}


@dataclass(frozen=True)
class SGD:
    """Gradient descent: params <- params - lr * grads."""

    lr: float

    def init(self, params: Params) -> dict[str, torch.Tensor]:
        return {}

    def update(self, params: Params, grads: Params, state: Any) -> tuple[Params, Any]:
        return _moved(params, -self.lr * ravel(grads)), state


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba, 2015, arXiv 1412.6980) with bias correction and PyTorch's defaults."""

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def init(self, params: Params) -> dict[str, torch.Tensor]:
        zeros = torch.zeros_like(ravel(params))
        return {"mean": zeros, "square": zeros.clone(), "count": zeros.sum()}

    def update(self, params: Params, grads: Params, state: Any) -> tuple[Params, Any]:
        gradient = ravel(grads)
        count = state["count"] + 1
        mean = torch.lerp(state["mean"], gradient, 1.0 - self.beta1)
        square = torch.lerp(state["square"], gradient * gradient, 1.0 - self.beta2)
        scale = self.lr / (1.0 - self.beta1**count)
        # Clamped: sqrt' is infinite at 0, and some strategies differentiate through updates.
        root = torch.sqrt(square.clamp(min=1e-37)) * torch.rsqrt(1.0 - self.beta2**count) + self.eps
        step = mean / root * -scale
        return _moved(params, step), {"mean": mean, "square": square, "count": count}
