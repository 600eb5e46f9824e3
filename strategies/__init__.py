"""Strategies, one file each, found by file name: the factory has the name of the file."""
