"""Strategies, one file each: the factory has the file's name, and the file is all there is to add."""
