"""Packing (PacGAN): the critic judges m consecutive rows jointly, q(x_1, ..., x_m)."""

from dataclasses import replace

from bench.functional.layers import Packed, with_core
from bench.learner.problem import Player
from bench.learner.strategy import Conflict, Strategy
from bench.learner.task import Task

HOME = "gan"
SOURCE = "Lin et al., 2018, arXiv 1712.04086"
AT_HOME = {
    "claim": "a critic of packs sees lost modes",
    "cell": "grid25/bare+low_beta1+packing",
    "against": "grid25/bare+low_beta1",
    "by": "modes",
}
NEUTRAL = {"samples": 1}
SEARCH = {"samples": (2, 4)}
ROWS = "it compares the rows of a half, which are packs here; leave one of the two out"
EXCLUDES = {
    "batch_norm_split": ROWS,
    "minibatch_discrimination": ROWS,
    "compatible_critic": "it is defined at one action, a pack holds several; leave one out",
}
AFTER = (
    *("weight_norm", "dropout", "layer_norm"),
    *("batch_norm_joint", "batch_norm_split", "minibatch_discrimination", "minibatch_stddev"),
    "simplicial",
    *("compatible_critic", "twin_critics"),
)


def packing(*, samples: int = 2) -> Strategy:
    """Packing (PacGAN): the critic judges m consecutive rows jointly, q(x_1, ..., x_m).

    m is `samples`. Only the input layer grows, images are stacked as channels, and every row of a
    pack gets the output of its pack. In a GAN a pack is wholly real or wholly generated; in RL it
    holds transitions with different targets, and its output regresses on their mean. samples = 1 is
    neutral. Inert where a half has fewer rows than a pack; raises `Conflict` if the packs would not
    fill a half.

    A gradient penalty is on the slope of a pack in all its actions, once for each pack.

    Paper against here: PacGAN packs two to four samples, with the same batch of samples, as here.
    It has no counterpart in the literature of RL. There every row bootstraps from its pack's next
    value, and rows that have ended from nothing, so that an end takes a share of its pack's future.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if samples == 1 or inert(task):
            return value
        if task.batch_rows % samples:
            raise Conflict(
                f"packing and {task.name}: packs of {samples} do not fill the `batch_rows` of a "
                f"half, {task.batch_rows}; choose a number of samples that divides it"
            )
        net = with_core(value.net, lambda net: Packed(net, samples))
        return replace(value, net=net, pack=samples)

    def inert(task: Task) -> str | None:
        if task.batch_rows < samples:
            return f"a half of {task.batch_rows} holds no pack of {samples}"
        return None

    return Strategy(
        name="packing", blueprint=blueprint, inert=inert, after=AFTER, excludes=EXCLUDES
    )
