"""Split batch normalisation: the critic's statistics are over each half of its batch."""

from bench.functional.batch_layers import batch_normed
from bench.learner.problem import Blueprint
from bench.learner.strategy import Strategy
from bench.learner.task import Task, no_hidden_layers

HOME = "gan"
SOURCE = "Radford et al., 2016 (DCGAN), arXiv 1511.06434; Ioffe and Szegedy, 2015, arXiv 1502.03167"
NEUTRAL = {"on": False}
AFTER = ("weight_norm", "dropout", "target_scaling", "layer_norm")


def batch_norm_split(*, on: bool = True) -> Strategy:
    """Split batch normalisation: the critic's statistics are over each half of its batch.

    Before every activation h <- (h - mean) / sd * gain + bias, with statistics over `batch_rows`
    rows: data and samples separately in a GAN, (s, a) and (s', a') separately in RL. on = False is
    neutral. Inert where the critic has no hidden layer.

    Paper against paper: batches that are all real or all generated are the usual recipe for GANs;
    CrossQ found that separate batches fail in RL. Here there are no running statistics, and without
    a replay buffer an RL batch has only a few rows.
    """

    def blueprint(value: Blueprint, task: Task) -> Blueprint:
        if not on or no_hidden_layers(task):
            return value
        return value.with_critic_net(lambda net: batch_normed(net, task.batch_rows))

    return Strategy(
        name="batch_norm_split", blueprint=blueprint, inert=no_hidden_layers, after=AFTER
    )
