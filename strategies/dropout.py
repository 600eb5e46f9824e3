"""Dropout: each hidden unit of the critic is set to 0 with probability `rate` in training."""

from dataclasses import replace

from bench.functional import rng
from bench.functional.layers import Activation, Net
from bench.functional.pytree import Params
from bench.functional.wrappers import Dropout, beside_weights
from bench.learner.problem import Player
from bench.learner.strategy import ForwardContext, Strategy
from bench.learner.task import Task, no_hidden_layers

HOME = "rl"
SOURCE = "Srivastava et al., 2014; for RL Hiraoka et al., 2022 (DroQ), arXiv 2110.02034"
AT_HOME = {
    "claim": "it allows many updates per step",
    "cell": "reacher_many/reference+dropout",
    "against": "reacher_many/reference",
}
NEUTRAL = {"rate": 0.0}
ACTIVE = {"rate": 0.5}  # 0.01 may drop no unit of a small network in a few updates
DEFAULTS = {"gan": {"rate": 0.5}}  # Srivastava et al.'s, as is usual in discriminators
SEARCH = {"rate": (0.01, 0.1, 0.5)}


def dropout(*, rate: float = 0.01) -> Strategy:
    """Dropout: each hidden unit of the critic is set to 0 with probability `rate` in training.

    Before every hidden activation h <- h * kept / (1 - rate), where kept is 1 with probability
    1 - rate for each row and unit, and else 0. It is drawn separately for the critic's loss, for
    its target and for the actor's loss; evaluations drop nothing. rate = 0 is neutral. Inert where
    the critic has no hidden layer.

    Paper against paper: DroQ uses 0.01 together with layer normalisation, GANs of 2016 used 0.5.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if not rate:
            return value
        layers = value.net.layers
        hidden = [*(isinstance(after, Activation) for after in layers[1:]), False]
        pairs = zip(layers, hidden, strict=True)
        net = Net(tuple(Dropout(layer, rate) if drops else layer for layer, drops in pairs))
        return replace(value, net=net)

    def forward_params(params: Params, context: ForwardContext) -> Params:
        key = context.key
        if key is None or not rate:
            return params
        return beside_weights(params, "key", lambda layer: rng.fold(key, layer))

    return Strategy(
        name="dropout",
        scopes=("model", "actor"),
        blueprint=blueprint,
        forward_params=forward_params,
        inert=no_hidden_layers,
        after=("weight_norm", "spectral_norm"),
    )
