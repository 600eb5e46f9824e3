"""Symplectic gradient adjustment: add sign * weight * A'F to all players' gradients F."""

from functools import partial

from bench.learner import integrators
from bench.learner.strategy import Strategy

HOME = "gan"
SOURCE = "Balduzzi et al., 2018, arXiv 1802.05642"
AT_HOME = {
    "claim": "it converges on bilinear games",
    "cell": "bilinear/bare+symplectic_adjustment",
    "against": "bilinear/bare",
}
NEUTRAL = {"weight": 0.0}
INSTEAD_OF = ("low_beta1",)  # another way to damp the rotation that a momentum of 0.9 drives
NEUTRAL_INTEGRATOR = integrators.simultaneous
SEARCH = {"weight": (0.1, 1.0)}


def symplectic_adjustment(*, weight: float = 1.0) -> Strategy:
    """Symplectic gradient adjustment: add sign * weight * A'F to all players' gradients F.

    A = (J - J') / 2, with J the Jacobian of F; all players move simultaneously. The sign is chosen
    so that stable points attract and unstable ones repel (algorithm 1). weight = 0 leaves
    simultaneous updates, which are the baseline of this strategy's neutrality check.

    Paper against here: on its mixtures the paper gives the adjusted gradients to RMSProp; here they
    go to the task's optimizer.
    """
    return Strategy(
        name="symplectic_adjustment", integrator=partial(integrators.symplectic, weight=weight)
    )
