"""The weights among a player's parameters, network by network."""

from __future__ import annotations

from bench.functional.pytree import Params


def by_network(params: Params) -> dict[str, list[str]]:
    """Return the names of every network's weights, from its first layer to its last.

    Heads are networks of their own. By the network's place; biases and gains are no weights.
    """
    networks: dict[str, list[str]] = {}
    for name in params:
        place, _, kind = name.rpartition("/")
        if kind == "weight":
            networks.setdefault(place.rpartition("/")[0], []).append(name)
    return networks
