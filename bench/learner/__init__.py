"""The learner: games of named players, tasks, strategies, integrators, one update, replay."""
