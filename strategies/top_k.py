"""Top-k training: the actor's loss is the mean over the k samples with the largest q."""

import torch

from bench.learner.problem import CriticQuery
from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Sinha et al., 2020, arXiv 2002.06224"
AT_HOME = {
    "claim": "leaving out bad samples gives more good ones",
    "cell": "digits/bare+low_beta1+top_k",
    "against": "digits/bare+low_beta1",
}
NEUTRAL = {"least": 1.0}
ACTIVE = {"least": 0.5, "epochs": 1e9}
SEARCH = {"least": (0.25, 0.5, 0.75)}


def top_k(*, least: float = 0.5, decay: float = 0.99, epochs: float = 100.0) -> Strategy:
    """Top-k training: the actor's loss is the mean over the k samples with the largest q.

    k = ceil(share * rows), share = max(least, decay ** epoch), where an epoch is 1 / `epochs` of
    the budget. least = 1 is neutral.

    Paper against here: the paper counts epochs of its data sets; with a hundred per run the share
    reaches the published 0.5 after 69. In RL the rows are observations, and those with the largest
    values count.
    """

    def critic_query(value: CriticQuery, context: LossContext) -> CriticQuery:
        rows = value.action.shape[0]
        if value.purpose != "actor" or least >= 1.0:
            return value
        epoch = epochs * context.players.step / context.task.updates
        share = torch.clamp(decay**epoch, min=least)
        count = torch.ceil(share * rows)
        q = context.judged(value.obs, value.action).detach()
        rank = (q[None, :] > q[:, None]).sum(dim=1)  # how many rows have a larger q
        chosen = (rank < count).to(q.dtype)
        return value._replace(weight=value.weight * chosen * (rows / chosen.sum()))

    return Strategy(
        name="top_k",
        roles=("actor",),
        critic_query=critic_query,
        excludes={"lagged_critic": "it ranks by the critic itself, not by its copy; leave one out"},
        inert=lambda task: "there is one row to choose from" if task.batch_rows == 1 else None,
        after=(
            *("target_smoothing", "diff_augment", "instance_noise", "label_smoothing", "huber"),
            *("prioritised", "relativistic"),
        ),
    )
