"""The files of a new strategy, from a template that works as it is."""

from __future__ import annotations

import keyword
import os
from pathlib import Path

import jinja2

from bench import strategies as strategy_package
from bench.experiment import plugins, registry

TEMPLATES = Path(__file__).parent / "templates"
SHOWS = {"gan": "ring8/bare", "both": "ring8/bare", "rl": "pendulum/reference"}
"""home -> the cell that a template's strategy is held against."""


class BadName(ValueError):
    """A name that no new strategy can have; the message says why."""


def strategies_folder() -> Path:
    """Return the folder of the suite's strategies: what `bench/strategies` is a link to."""
    return Path(os.path.realpath(next(iter(strategy_package.__path__))))


def new_strategy(name: str, home: str) -> list[Path]:
    """Write `strategies/<name>.py` and `tests/facts/test_<name>.py`, a working pair to start from.

    The test is left out where there is no folder for it. Raises `BadName` for a name that is not
    made of small letters, digits and underscores, or is taken, and never writes over a file.
    """
    why = plugins.name_problem("strategies", name, registry.strategies())
    if why is not None or keyword.iskeyword(name):
        raise BadName(why or f"{name!r} is a word of Python's; choose another name")
    root = strategies_folder()
    if not (root.parent / "pyproject.toml").is_file():
        raise BadName(
            f"{root} is no checkout of the project: clone it, or put the strategy in a package of "
            f"your own (CONTRIBUTING.md says how)"
        )
    made = {root / f"{name}.py": "strategy.py.j2"}
    facts = root.parent / "tests" / "facts"
    if facts.is_dir():
        made[facts / f"test_{name}.py"] = "fact.py.j2"
    for path in made:
        if path.exists():
            raise BadName(f"{path} exists; choose another name, or remove the file")
    folder = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    for path, template in made.items():
        path.write_text(
            folder.get_template(template).render(name=name, home=home, at_home=SHOWS[home])
        )
    return list(made)
