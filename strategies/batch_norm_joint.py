"""Normalises the critic's hidden layers by all that it is shown at once."""

from dataclasses import replace

from bench.functional.batch_layers import batch_normed
from bench.learner.problem import Blueprint
from bench.learner.strategy import Strategy
from bench.learner.task import Task, no_hidden_layers

HOME = "rl"
SOURCE = "Bhatt et al., 2024 (CrossQ), arXiv 1902.05605; Ioffe and Szegedy, 2015, arXiv 1502.03167"
NEUTRAL = {"on": False}
AFTER = ("weight_norm", "dropout", "target_scaling", "layer_norm")
ALL = 1 << 30  # no batch is larger: all rows are one group


def batch_norm_joint(*, on: bool = True) -> Strategy:
    """Normalises the critic's hidden layers by all that it is shown at once.

    Before every activation h <- (h - mean) / sd * gain + bias, statistics over the critic's whole
    batch: data and samples together in a GAN; (s, a) and (s', a') together in RL, where the
    target's network is shown both as well. on = False is neutral. Inert where the critic has no
    hidden layer.

    Paper against here: CrossQ keeps running statistics for the actor's loss; here, without them,
    the actor's answers are normalised by themselves, in a GAN too, where that hides from the actor
    a shift that the critic has seen. CrossQ also drops target networks.
    """

    def blueprint(value: Blueprint, task: Task) -> Blueprint:
        if not on or no_hidden_layers(task):
            return value
        return replace(value.with_critic_net(lambda net: batch_normed(net, ALL)), joint=True)

    return Strategy(
        name="batch_norm_joint",
        blueprint=blueprint,
        inert=no_hidden_layers,
        after=AFTER,
        excludes={"batch_norm_split": "both normalise the same layers; leave one of them out"},
    )
