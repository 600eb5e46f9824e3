"""Consistency regularisation: critic loss + weight * E (q(T x) - q(x))^2, T an augmentation."""

from torch import Tensor

from bench.functional import rng
from bench.functional.augment import shifted, transformed
from bench.learner.problem import Half
from bench.learner.strategy import LossContext, Strategy
from bench.learner.task import Task

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


def consistency(*, weight: float = 1.0, deviation: float = 0.1) -> Strategy:
    """Consistency regularisation: critic loss + weight * E (q(T x) - q(x))^2, T an augmentation.

    On both halves of the batch and every head, as in the balanced form, each row with a transform
    of its own. weight = 0 is neutral.

    Paper against here: the papers' weight is 10 on images, which are shifted, by an eighth of the
    side at most, and flipped; here they are not flipped, since a mirrored digit is none. Points of
    a mixture, which no paper has, get normal noise of `deviation`. In RL the states are scaled, as
    RAD scales them, and the value is asked not to change by it.
    """

    def penalty(context: LossContext) -> Tensor:
        def gap(half: Half, name: str) -> Tensor:
            changed = _changed(half, rng.fold(context.key, name), context.task, deviation)
            gaps = context.heads(*changed) - context.heads(*half)
            return gaps.square().mean(dim=0).sum()

        data, own = context.halves()
        return weight * (gap(data, "data") + gap(own, "own"))

    return Strategy(name="consistency", penalty=penalty)


def _changed(half: Half, key: Tensor, task: Task, deviation: float) -> tuple[Tensor, Tensor]:
    """Return the observations [B, O] and actions [B, A] of `half` after the task's transform."""
    obs, action = half
    if task.discount > 0.0:
        return transformed(obs, action, key, images=None, states=True)
    if task.image_shape is not None:
        images = action.reshape(-1, *task.image_shape)
        return obs, shifted(images, key).flatten(1)
    return obs, action + deviation * rng.normal(rng.fold(key, "noise"), tuple(action.shape))
