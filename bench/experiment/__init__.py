"""What to run: the registry, cells and grids, their hashes and costs."""
