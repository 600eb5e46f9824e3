"""Simplicial embeddings: the critic's last hidden layer is a product of softmaxes."""

from dataclasses import replace

from bench.functional.layers import before_the_end, is_deep
from bench.functional.wrappers import Simplices
from bench.learner.problem import Player
from bench.learner.strategy import Strategy
from bench.learner.task import Task, no_hidden_layers

HOME = "rl"
SOURCE = "Obando-Ceron et al., 2025, arXiv 2510.13704; Lavoie et al., 2023, arXiv 2204.00616"
AT_HOME = {
    "claim": "sparse features make critics more sample-efficient",
    "cell": "reacher_many/reference+simplicial",
    "against": "reacher_many/reference",
}
NEUTRAL = {"size": 0}
SEARCH = {"size": (4, 8, 16), "temperature": (0.1, 0.3, 1.0)}
AFTER = (
    *("weight_norm", "dropout", "layer_norm", "batch_norm_joint", "batch_norm_split"),
    *("minibatch_discrimination", "minibatch_stddev"),
)


def simplicial(*, size: int = 8, temperature: float = 0.3) -> Strategy:
    """Simplicial embeddings: the critic's last hidden layer is a product of softmaxes.

    Before the critic's last layer, each group of `size` consecutive features h <- size *
    softmax(h / temperature), which keeps their mean at 1. size = 0 is neutral. Inert where the
    critic has no hidden layer.

    Paper against here: the paper puts it into actor and critic; here it is the critic's, as with
    the other layers, and takes the hidden layer's rectified outputs, not a projection of their own.
    The factor `size` keeps features as large as the layer before them, and multiplies slopes, too.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if not size or not is_deep(value.net):
            return value
        return replace(value, net=before_the_end(value.net, Simplices(size, temperature)))

    return Strategy(name="simplicial", blueprint=blueprint, inert=no_hidden_layers, after=AFTER)
