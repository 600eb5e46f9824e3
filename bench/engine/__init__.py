"""From jobs to outcomes: plans, trials, engines, progress."""
