"""Stateless tensor functions: keyed random numbers, pytrees, layers and optimizers."""
