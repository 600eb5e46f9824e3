"""The command line, and nothing else: options, messages, tables on a terminal."""
