"""Layer normalisation: normalise the critic's hidden layers over the features of a row."""

from dataclasses import replace

from bench.functional.layers import before_activations, is_deep
from bench.functional.wrappers import LayerNorm
from bench.learner.problem import Player
from bench.learner.strategy import Strategy
from bench.learner.task import Task, no_hidden_layers

HOME = "rl"
SOURCE = "Ba et al., 2016, arXiv 1607.06450; for RL Hiraoka et al., 2022 (DroQ), arXiv 2110.02034"
AT_HOME = {
    "claim": "it keeps values from diverging with many updates per step",
    "cell": "reacher_many/reference+layer_norm",
    "against": "reacher_many/reference",
}
NEUTRAL = {"on": False}
INSTEAD_OF = ("target_network",)  # Gallici et al., 2024 (PQN), arXiv 2407.04811
AFTER = ("weight_norm", "dropout")


def layer_norm(*, on: bool = True) -> Strategy:
    """Layer normalisation: normalise the critic's hidden layers over the features of a row.

    Before every activation h <- (h - mean) / sd * gain + bias, with mean and sd over the features
    of the row; in a convolution over channels and positions. on = False is neutral. Inert where the
    critic has no hidden layer.

    Paper against paper: WGAN-GP uses it because batch statistics would couple the rows in its
    penalty, DroQ because it bounds the values far from the data.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if not on or not is_deep(value.net):
            return value
        return replace(value, net=before_activations(value.net, LayerNorm()))

    return Strategy(
        name="layer_norm",
        scopes=("model", "actor"),
        blueprint=blueprint,
        inert=no_hidden_layers,
        after=AFTER,
    )
