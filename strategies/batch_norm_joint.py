"""Joint batch normalisation (CrossQ): the critic's statistics are over its whole batch."""

from dataclasses import replace

from bench.functional.batch_layers import batch_normed_inputs
from bench.functional.layers import is_deep
from bench.learner.problem import Player
from bench.learner.strategy import Strategy
from bench.learner.task import Task, no_hidden_layers

HOME = "rl"
SOURCE = "Bhatt et al., 2024 (CrossQ), arXiv 1902.05605; Ioffe and Szegedy, 2015, arXiv 1502.03167"
AT_HOME = {
    "claim": "with it value learning does without a target network",
    "cell": "halfcheetah_small/reference-target_network+batch_norm_joint+low_beta1",
    "against": "halfcheetah_small/reference-target_network+low_beta1",
}
NEUTRAL = {"on": False}
INSTEAD_OF = ("target_network",)  # CrossQ drops target networks
AFTER = ("weight_norm", "dropout", "layer_norm")
EVERY_ROW = 1 << 30  # no batch is larger: all rows are one group


def batch_norm_joint(*, on: bool = True) -> Strategy:
    """Joint batch normalisation (CrossQ): the critic's statistics are over its whole batch.

    Before every layer h <- (h - mean) / sd * gain + bias, also of the inputs, with statistics over
    everything that the critic is shown at once: data and samples together in a GAN; (s, a) and
    (s', a') together in RL, also in the forward pass that computes the target. In the actor's loss
    its actions or samples are judged beside the critic's batch. on = False is neutral. Inert where
    the critic has no hidden layer.

    Paper against here: CrossQ uses running statistics in the actor's loss; here there are none.
    CrossQ also drops target networks and takes a beta1 of 0.5: that is the kit `crossq`.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if not on or not is_deep(value.net):
            return value
        return replace(value, net=batch_normed_inputs(value.net, EVERY_ROW), joint=True)

    return Strategy(
        name="batch_norm_joint",
        blueprint=blueprint,
        inert=no_hidden_layers,
        after=AFTER,
        excludes={"batch_norm_split": "both normalise the same layers; leave one of them out"},
    )
