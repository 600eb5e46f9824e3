"""Normalises the critic's hidden layers by the rows of each half."""

from bench.functional.batch_layers import batch_normed
from bench.learner.problem import Blueprint
from bench.learner.strategy import Strategy
from bench.learner.task import Task, no_hidden_layers

HOME = "gan"
SOURCE = "Radford et al., 2016 (DCGAN), arXiv 1511.06434; Ioffe and Szegedy, 2015, arXiv 1502.03167"
NEUTRAL = {"on": False}
AFTER = ("weight_norm", "dropout", "target_scaling", "layer_norm")


def batch_norm_split(*, on: bool = True) -> Strategy:
    """Normalises the critic's hidden layers by the rows of each half.

    Before every activation h <- (h - mean) / sd * gain + bias, statistics over `batch_rows` rows:
    data and samples apart in a GAN, (s, a) and (s', a') apart in RL. on = False is neutral. Inert
    where the critic has no hidden layer.

    Paper against paper: one kind per batch is the usual recipe for GANs, and what CrossQ found to
    fail in RL. Here without running statistics; without a replay an RL batch is a few rows only.
    """

    def blueprint(value: Blueprint, task: Task) -> Blueprint:
        if not on or no_hidden_layers(task):
            return value
        return value.with_critic_net(lambda net: batch_normed(net, task.batch_rows))

    return Strategy(
        name="batch_norm_split", blueprint=blueprint, inert=no_hidden_layers, after=AFTER
    )
