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
    go to the task's optimizer. With weight 1 and early in training, A'F is 1 to 10 times as long as
    F for the actors of `ring8`, `grid25` and `digits`, 7 to 10 times on `reacher_many`, and 22
    falling to 1 on `pendulum_many`: so there is no default of its own in RL, unlike in `consensus`.
    """
    return Strategy(
        name="symplectic_adjustment", integrator=partial(integrators.symplectic, weight=weight)
    )
