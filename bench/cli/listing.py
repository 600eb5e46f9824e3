"""What exists, as rows for `python -m bench list`.

Rows come from declarations in the source code, which takes a fraction of a second. Where these
cannot be read, or there are plug-ins, the modules are imported instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from bench.experiment import declarations, plugins
from bench.experiment.kits import GRID_FOLDER, KIT_SETTINGS, KITS

Row = dict[str, Any]
TASK = (
    *("domain", "tier", "players", "metrics", "updates", "steps_per_update", "updates_per_step"),
    *("step_unit", "failure"),
)
LEFT_OUT = {"instead_of", "search", "source"}  # of tables for people: too wide


def tasks() -> list[Row]:
    """Every task: its domain, players in the order of play, score, budget and failure mode."""
    modules = declarations.module_names("tasks")

    def declared() -> dict[str, Row]:
        return {name: declarations.task(module, TASK) for name, module in modules.items()}

    def row(name: str, task: Row) -> Row:
        score = task["metrics"][0]
        failure = task["failure"]
        steps = -(-task["updates"] // task["updates_per_step"]) * task["steps_per_update"]
        return {
            "name": name,
            "domain": task["domain"],
            "tier": task["tier"],
            "players": list(task["players"]),
            "score": f"{score.name} ({score.better} is better)",
            "budget": f"{steps} {task['step_unit']}s",
            "failure mode": failure.kind if failure is not None else "",
            "about": task["about"],
        }

    return [row(*pair) for pair in _read("tasks", declared, imported_tasks).items()]


def strategies() -> list[Row]:
    """Every strategy: where it was born, what it does, its settings, to what it is an alternative,
    and where it comes from."""
    modules = declarations.module_names("strategies")

    def declared() -> dict[str, Row]:
        return {name: declarations.strategy(name, module) for name, module in modules.items()}

    return [
        {
            "name": name,
            "home": entry["home"],
            "about": entry["about"],
            "settings": entry["settings"],
            "instead_of": list(entry["instead_of"]),
            "search": {setting: list(values) for setting, values in entry["search"].items()},
            "source": entry["source"],
        }
        for name, entry in _read("strategies", declared, imported_strategies).items()
    ]


def kits() -> list[Row]:
    """Every kit: a published learner as a list of strategies, and settings of its own."""
    return [
        {
            "name": name,
            "strategies": list(parts),
            "settings": {part: dict(own) for part, own in KIT_SETTINGS.get(name, {}).items()},
        }
        for name, parts in KITS.items()
    ]


def grids() -> list[Row]:
    """Every grid that comes with the suite."""
    return [
        {"name": path.stem, **yaml.safe_load(path.read_text(encoding="utf-8"))}
        for path in sorted(GRID_FOLDER.glob("*.yaml"))
    ]


def _read(
    kind: str, declared: Callable[[], dict[str, Row]], imported: Callable[[], dict[str, Row]]
) -> dict[str, Row]:
    if plugins.offers(kind):  # whether they can be used is known when they are imported
        return imported()
    try:
        return declared()
    except Exception:  # what is not declared in the usual way
        return imported()


def imported_tasks() -> dict[str, Row]:
    """What tasks declare, by importing them. Raises `Incomplete`."""
    import sys

    from bench.experiment import registry

    return {
        name: {
            **{attribute: getattr(task, attribute) for attribute in TASK},
            "about": (sys.modules[type(task).__module__].__doc__ or "").partition("\n")[0],
        }
        for name, task in registry.tasks().items()
    }


def imported_strategies() -> dict[str, Row]:
    """What strategies declare, by importing them. Raises `Incomplete`."""
    import inspect

    from bench.experiment import registry

    return {
        name: {
            "home": entry.home,
            "source": entry.source,
            "instead_of": entry.instead_of,
            "search": entry.search,
            "settings": {
                parameter.name: parameter.default
                for parameter in inspect.signature(entry.factory).parameters.values()
            },
            "about": entry.summary,
        }
        for name, entry in registry.strategies().items()
    }


def as_text(value: Any) -> str:
    """A value as it stands in a table: "low_beta1 (beta1=0.0)" if settings are by strategy."""
    if isinstance(value, dict):
        forms = {key: "{} ({})" if isinstance(own, dict) else "{}={}" for key, own in value.items()}
        return ", ".join(forms[key].format(key, as_text(own)) for key, own in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
