"""The two-player learner: problems, tasks, strategies, integrators, one update, replay buffers."""
