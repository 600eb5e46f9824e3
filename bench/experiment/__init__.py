"""What is to be run: the registry, cells and grids, their hashes and costs."""
