"""Crossover: which tricks that stabilise GAN training also stabilise actor-critic RL, and back."""
