"""Stateless tensors: keyed draws, trees of parameters, layers, optimizers. Imports nothing of the project."""
