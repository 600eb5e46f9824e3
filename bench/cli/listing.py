"""What exists, as rows for `python -m bench list`: from docstrings and declarations alone."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from bench.experiment import registry
from bench.experiment.cell import KITS
from bench.experiment.grid import grid_names, load_grid

Row = dict[str, Any]
LEFT_OUT = {"search", "source"}  # of tables for people: too wide


def tasks() -> list[Row]:
    """Every task: its domain, score and budget."""
    return [
        {
            "name": name,
            "domain": task.domain,
            "tier": task.tier,
            "score": f"{task.metrics[0].name} ({task.metrics[0].better} is better)",
            "budget": f"{task.updates * task.steps_per_update} {task.step_unit}s",
            "about": (sys.modules[type(task).__module__].__doc__ or "").splitlines()[0],
        }
        for name, task in registry.tasks().items()
    ]


def strategies() -> list[Row]:
    """Every strategy: where it was born, what it does, its settings, where it is inert."""
    rows = []
    for name, entry in registry.strategies().items():
        parameters = inspect.signature(entry.factory).parameters.values()
        inert = [
            task_name
            for task_name, task in registry.tasks().items()
            if entry.build(task).inert(task)
        ]
        rows.append(
            {
                "name": name,
                "home": entry.home,
                "about": entry.summary,
                "settings": {p.name: p.default for p in parameters},
                "search": {name: list(values) for name, values in entry.search.items()},
                "inert on": inert,
                "source": entry.source,
            }
        )
    return rows


def kits() -> list[Row]:
    """Every kit: a published learner as a list of strategies."""
    return [{"name": name, "strategies": list(parts)} for name, parts in KITS.items()]


def grids() -> list[Row]:
    """Every grid that comes with the suite."""
    rows = []
    for name in grid_names():
        grid = load_grid(name)
        rows.append(
            {"name": name, "cells": len(grid.cells()), "seeds": grid.seeds, "about": grid.about}
        )
    return rows


def shown(value: Any) -> str:
    """A value as it stands in a table."""
    if isinstance(value, dict):
        return ", ".join(f"{key}={shown(setting)}" for key, setting in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
