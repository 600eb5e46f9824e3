"""Consistency regularisation: critic loss + weight * E (q(T x) - q(x))^2, T an augmentation."""

from torch import Tensor

from bench.functional import rng
from bench.functional.augment import transformed
from bench.learner.problem import Half
from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Zhang et al., 2020, arXiv 1910.12027; Zhao et al., 2021 (balanced), arXiv 2002.04724"
AT_HOME = {
    "claim": "a critic that ignores augmentation trains better GANs",
    "cell": "digits400/bare+consistency+low_beta1",
    "against": "digits400/bare+low_beta1",
}
NEUTRAL = {"weight": 0.0}
SEARCH = {"weight": (0.1, 1.0, 10.0)}
DEFAULTS = {"image": {"weight": 10.0}}  # the papers'


def consistency(*, weight: float = 1.0) -> Strategy:
    """Consistency regularisation: critic loss + weight * E (q(T x) - q(x))^2, T an augmentation.

    On both halves of the batch and every head, as in the balanced form, each row with a transform
    of its own: that of `diff_augment`, which changes what the critic learns of instead. weight = 0
    is neutral.

    Paper against here: the papers' weight is 10 on images, and the images are flipped and shifted.
    In RL the states are scaled, as RAD scales them; the value is asked not to change by it.
    """

    def penalty(context: LossContext) -> Tensor:
        def gap(half: Half, name: str) -> Tensor:
            task, key = context.task, rng.fold(context.key, name)
            states = task.discount > 0.0
            changed = transformed(*half, key, images=task.image_shape, states=states)
            gaps = context.heads(*changed) - context.heads(*half)
            return gaps.square().mean(dim=0).sum()

        data, own = context.halves()
        return weight * (gap(data, "data") + gap(own, "own"))

    return Strategy(name="consistency", penalty=penalty)
