"""The version of the protocol; only results of the same version are compared."""

PROTOCOL_VERSION = "2"
