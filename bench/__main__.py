"""`python -m bench`: the command line."""

from bench.cli.app import main

main()
