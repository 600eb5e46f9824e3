"""Templates: their environment, and how numbers and strangers' text stand in them."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from bench.report import tables


@cache
def environment(escape: bool) -> Environment:
    """Templates that fail on a misspelt name. HTML escapes everything by itself; Markdown does not,
    so every text of a record passes through the filter `md` there."""
    made = Environment(
        loader=PackageLoader("bench.report"),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "number": tables.number,
        "percent": lambda value: f"{100 * value:.0f} %",
        "p": lambda value: "<0.001" if value < 0.001 else f"{value:.3f}",
        "two": two,
        "md": markdown,
    }
    made.filters.update(filters)
    made.globals["interval"] = tables.interval
    return made


def two(value: float) -> str:
    """Two decimals, with the sign that stands before numbers."""
    if not math.isfinite(value):
        return tables.number(value)
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def markdown(text: object) -> str:
    """Text that is safe in a Markdown table: no HTML, no new cell, no markup, on one line."""
    one_line = " ".join(str(text).split())
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", html.escape(one_line))
