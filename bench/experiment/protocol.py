"""The protocol: results are compared within one version of it only."""

PROTOCOL_VERSION = "1"
