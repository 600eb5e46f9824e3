"""The commands of `python -m bench` that need more than a few lines."""
