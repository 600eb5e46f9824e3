"""The seed dimension: all seeds of a cell trained together, with their environments."""
