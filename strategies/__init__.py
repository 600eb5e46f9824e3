"""Strategies, one file each: the factory has the file's name, and nothing else is to be added."""
