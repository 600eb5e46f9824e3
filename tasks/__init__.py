"""Tasks, one file each, found by file name. `family` holds what related tasks share."""
