"""The two-player learner. Read first: task, strategy, integrators, learner, replay."""
