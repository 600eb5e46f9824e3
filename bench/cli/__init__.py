"""The command line: options, messages, tables on a terminal."""
