"""Minibatch standard deviation: the critic's last layer also sees how varied a group is."""

from dataclasses import replace

from bench.functional.batch_layers import MinibatchStddev
from bench.functional.layers import before_the_end, is_deep
from bench.learner.problem import Player
from bench.learner.strategy import Strategy
from bench.learner.task import Task, no_hidden_layers

HOME = "gan"
SOURCE = "Karras et al., 2018, arXiv 1710.10196, section 3"
AT_HOME = {
    "claim": "a critic that sees variety keeps it",
    "cell": "ring8/bare+minibatch_stddev",
    "against": "ring8/bare",
}
NEUTRAL = {"group": 0}
SEARCH = {"group": (2, 4, 16)}
AFTER = (
    *("weight_norm", "dropout", "layer_norm"),
    *("batch_norm_joint", "batch_norm_split", "minibatch_discrimination"),
)


def minibatch_stddev(*, group: int = 4) -> Strategy:
    """Minibatch standard deviation: the critic's last layer also sees how varied a group is.

    Its additional input is the standard deviation over `group` consecutive rows, averaged over the
    features. group = 0 is neutral. Inert where the critic has no hidden layer.

    Paper against code: the paper takes the deviation over the whole minibatch, the released code
    over groups of 4, as here. In RL the rows of a group are transitions from different states.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if not group or not is_deep(value.net):
            return value
        return replace(value, net=before_the_end(value.net, MinibatchStddev(group)))

    return Strategy(
        name="minibatch_stddev", blueprint=blueprint, inert=no_hidden_layers, after=AFTER
    )
