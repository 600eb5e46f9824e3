"""Weights by network, as those strategies need them that treat layers differently."""

import torch

from bench.functional.weights import by_network


def test_heads_are_networks_of_their_own_and_nothing_but_weights_counts() -> None:
    names = ["0/0/0/weight", "0/0/0/bias", "0/0/2/weight", "0/1/0/weight", "0/1/0/gain"]
    names += ["0/1/2/weight", "4/weightless"]
    params = dict.fromkeys(names, torch.zeros(()))
    assert by_network(params) == {
        "0/0": ["0/0/0/weight", "0/0/2/weight"],
        "0/1": ["0/1/0/weight", "0/1/2/weight"],
    }


def test_layers_of_one_network() -> None:
    params = dict.fromkeys(("0/weight", "0/bias", "2/weight"), torch.zeros(()))
    assert by_network(params) == {"": ["0/weight", "2/weight"]}
