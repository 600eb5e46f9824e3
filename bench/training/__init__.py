"""Training of all seeds of a cell in one batch, with their environments."""
