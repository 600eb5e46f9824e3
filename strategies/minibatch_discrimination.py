"""Minibatch discrimination: the critic's last layer also sees how close a row is to its half."""

from dataclasses import replace

from bench.functional.batch_layers import MinibatchDiscrimination
from bench.functional.layers import before_the_end, is_deep
from bench.learner.problem import Player
from bench.learner.strategy import Strategy
from bench.learner.task import Task, no_hidden_layers

HOME = "gan"
SOURCE = "Salimans et al., 2016, arXiv 1606.03498, section 3.2"
AT_HOME = {
    "claim": "a critic that compares samples sees a collapse",
    "cell": "ring8/bare+minibatch_discrimination",
    "against": "ring8/bare",
}
NEUTRAL = {"kernels": 0}
SEARCH = {"kernels": (4, 16, 50), "dims": (3, 5)}
AFTER = (
    *("weight_norm", "dropout", "layer_norm"),
    *("batch_norm_joint", "batch_norm_split"),
)


def minibatch_discrimination(*, kernels: int = 16, dims: int = 5) -> Strategy:
    """Minibatch discrimination: the critic's last layer also sees how close a row is to its half.

    Its additional inputs are o_k = E_j exp(-norm_1(M_ik - M_jk)), k = 1 ... kernels, with j over
    the other rows of the half, and M = f T / rms(f) for features f of the half, with learned T and
    `dims` numbers per kernel. kernels = 0 is neutral. Inert where the critic has no hidden layer.

    Paper against code: the paper sums over rows; the released code has 100 kernels of 5 numbers,
    and scales and centres them on a first batch, so that the sums are no larger than the features.
    Here there are 16 kernels, features are divided by their root mean square, and sums by the
    number of rows, which needs no first batch.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if not kernels or not is_deep(value.net):
            return value
        layer = MinibatchDiscrimination(kernels, dims, task.batch_rows)
        return replace(value, net=before_the_end(value.net, layer))

    return Strategy(
        name="minibatch_discrimination", blueprint=blueprint, inert=no_hidden_layers, after=AFTER
    )
