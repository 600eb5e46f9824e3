"""Split batch normalisation: the critic's statistics are over each half of its batch."""

from dataclasses import replace

from bench.functional.batch_layers import batch_normed
from bench.functional.layers import is_deep
from bench.learner.problem import Player
from bench.learner.strategy import Strategy
from bench.learner.task import Task, no_hidden_layers

HOME = "gan"
SOURCE = "Radford et al., 2016 (DCGAN), arXiv 1511.06434; Ioffe and Szegedy, 2015, arXiv 1502.03167"
AT_HOME = {
    "claim": "it keeps DCGAN's training stable",
    "cell": "digits/bare+batch_norm_split",
    "against": "digits/bare",
    "cause": "two of ten runs explode; on Intel, where one did, it is shown, 0.82 [0.51, 0.95]",
}
NEUTRAL = {"on": False}
AFTER = ("weight_norm", "dropout", "layer_norm")


def batch_norm_split(*, on: bool = True) -> Strategy:
    """Split batch normalisation: the critic's statistics are over each half of its batch.

    Before every activation but the first h <- (h - mean) / sd * gain + bias, with statistics over
    `batch_rows` rows: data and samples separately in a GAN, (s, a) and (s', a') separately in RL.
    on = False is neutral. Inert where the critic has no hidden layer.

    As in DCGAN's discriminator, the first layer is left out, so that where samples are, and how far
    apart, is not normalised away at once. Paper against paper: batches that are all real or all
    generated are the usual recipe for GANs; CrossQ found that separate batches fail in RL. Here
    there are no running statistics, and without a replay buffer an RL batch has only a few rows.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if not on or not is_deep(value.net):
            return value
        return replace(value, net=batch_normed(value.net, task.batch_rows))

    return Strategy(
        name="batch_norm_split", blueprint=blueprint, inert=no_hidden_layers, after=AFTER
    )
