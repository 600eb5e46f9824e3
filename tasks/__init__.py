"""Tasks, one file each, found by file name. `tasks.family` holds what related tasks share."""
