"""One known fact per strategy, from a closed form or a six-line loop. A test demands each file."""
