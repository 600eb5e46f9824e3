"""Stateless tensors: keyed draws, trees of parameters, layers and optimizers."""
