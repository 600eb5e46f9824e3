"""The version of the protocol; only results of the same version are compared."""

PROTOCOL_VERSION = "2"

LOOK_SEEDS = (10, 20, 40)
"""How many seeds of a strategy the looks of an adaptive run take."""
BASE_SEEDS = 100
"""Of a base in an adaptive run: all strategies share it."""
