"""Spectral normalisation: weight <- weight / max(1, sigma / cap), sigma its spectral norm."""

from typing import Any

import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.pytree import Params
from bench.functional.weights import by_network
from bench.learner.strategy import ForwardContext, PostUpdateContext, StartContext, Strategy
from bench.learner.task import no_hidden_layers

HOME = "gan"
SOURCE = "Miyato et al., 2018, arXiv 1802.05957; for RL Gogianu et al., 2021, arXiv 2105.05246"
AT_HOME = {
    "claim": "a critic with bounded slopes is of use where supports are apart",
    "cell": "corners100/reference+spectral_norm",
    "against": "corners100/reference",
    "by": "area",
}
NEUTRAL = {"cap": float("inf")}
INSTEAD_OF = ("r1",)  # Miyato et al. compare it with gradient penalties, of which R1 is one
SEARCH = {"cap": (0.5, 1.0, 3.0)}
DEFAULTS = {"rl": {"hidden_only": True}}  # Gogianu et al.: one layer, so that values keep a scale
ACTIVE = {"cap": 0.1}


def spectral_norm(*, cap: float = 1.0, hidden_only: bool = False) -> Strategy:
    """Spectral normalisation: weight <- weight / max(1, sigma / cap), sigma its spectral norm.

    For every layer of the critic, in every forward pass; with `hidden_only` for the last hidden
    layer alone, and inert where there is none. sigma = u' W v is estimated by one power iteration
    per update on the stored u [rows] and v [columns], through which no gradient flows; W is the
    weight of a layer, of a convolution as [channels, rest]. cap = inf is neutral.

    Paper against here: SNGAN always divides by sigma; dividing only above the cap leaves small
    weights as they are, so that the strategy can be neutral. In RL, Gogianu et al. normalise only
    the layer before the last, as here: with a norm of 1 in all layers a critic's values could not
    span a range of returns.
    """

    def matrices(params: Params) -> Params:
        networks = by_network(params).values()
        chosen = (names[-2:-1] if hidden_only else names for names in networks)
        return {name: params[name].flatten(1) for names in chosen for name in names}

    def power_step(weight: Tensor, u: Tensor) -> dict[str, Tensor]:
        v = torch.nn.functional.normalize(weight.T @ u, dim=0)
        turned = weight @ v
        # A weight of zeros has no singular vectors yet: u stays until it has.
        alive = turned.square().sum() > 0.0
        return {"u": torch.where(alive, torch.nn.functional.normalize(turned, dim=0), u), "v": v}

    def init_memory(context: StartContext) -> Any:
        def start(weight: Tensor, name: str) -> dict[str, Tensor]:
            return power_step(weight, rng.normal(rng.fold(context.key, name), (weight.shape[0],)))

        own = {player: matrices(context.players.params[player]) for player in context.mine}
        return {p: {name: start(w, name) for name, w in each.items()} for p, each in own.items()}

    def forward_params(params: Params, context: ForwardContext) -> Params:
        capped, memory = dict(params), context.memory[context.player]
        for name, matrix in matrices(params).items():
            sigma = memory[name]["u"] @ matrix @ memory[name]["v"]
            capped[name] = params[name] / torch.clamp(sigma / cap, min=1.0)
        return capped

    def update_memory(memory: Any, context: PostUpdateContext) -> Any:
        own = {player: matrices(context.new.params[player]) for player in memory}
        return {
            player: {name: power_step(w, memory[player][name]["u"]) for name, w in each.items()}
            for player, each in own.items()
        }

    return Strategy(
        name="spectral_norm",
        scopes=("model", "actor"),
        forward_params=forward_params,
        init_memory=init_memory,
        update_memory=update_memory,
        inert=no_hidden_layers if hidden_only else lambda task: None,
    )
