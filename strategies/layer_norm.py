"""Layer normalisation: normalise the critic's hidden layers over the features of a row."""

from bench.functional.layers import before_activations
from bench.functional.wrappers import LayerNorm
from bench.learner.problem import Blueprint
from bench.learner.strategy import Strategy
from bench.learner.task import Task, no_hidden_layers

HOME = "rl"
SOURCE = "Ba et al., 2016, arXiv 1607.06450; for RL Hiraoka et al., 2022 (DroQ), arXiv 2110.02034"
NEUTRAL = {"on": False}
AFTER = ("weight_norm", "dropout", "target_scaling")


def layer_norm(*, on: bool = True) -> Strategy:
    """Layer normalisation: normalise the critic's hidden layers over the features of a row.

    Before every activation h <- (h - mean) / sd * gain + bias, with mean and sd over the features
    of the row; in a convolution over channels and positions. on = False is neutral. Inert where the
    critic has no hidden layer.

    Paper against paper: WGAN-GP uses it because batch statistics would couple the rows in its
    penalty, DroQ because it bounds the values far from the data.
    """

    def blueprint(value: Blueprint, task: Task) -> Blueprint:
        if not on or no_hidden_layers(task):
            return value
        return value.with_critic_net(lambda net: before_activations(net, LayerNorm()))

    return Strategy(name="layer_norm", blueprint=blueprint, inert=no_hidden_layers, after=AFTER)
