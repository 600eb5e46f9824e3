"""Templates: their environment, and how numbers and strangers' text stand in them."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable
from functools import cache
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bench.records.plain_text import one_line, seen
from bench.report import tables


@cache
def environment(kind: Literal["html", "markdown"]) -> Environment:
    """Templates that fail on a misspelt name, and escape all that is inserted but macros."""
    made = Environment(
        loader=PackageLoader("bench.report"),
        autoescape=True,  # so that macros are markup, which is not escaped again
        finalize=_in_html if kind == "html" else _in_markdown,
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
        "code": code,
    }
    made.filters.update(filters)
    made.globals["interval"] = tables.interval
    return made


def two(value: float) -> str:
    """Two decimals, with the sign that stands before numbers."""
    if not math.isfinite(value):
        return tables.number(value)
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _in_html(value: object) -> object:
    """What is inserted in a page, where jinja2 escapes it: text without what nobody sees."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else seen(value, "\n")


def _in_markdown(value: object) -> Markup:
    """What is inserted in Markdown: macros as they are, all else escaped."""
    return value if isinstance(value, Markup) else Markup(markdown(value))


def code(text: object) -> Markup:
    """Text in a code span of Markdown, without what could end it, or a cell of a table."""
    return Markup(f"`{re.sub(r'[`|<>&]', '', one_line(str(text)))}`")


APART = re.compile(r"[$@#]|(?<=:)//|(?<=www)\.|(?<=GH)-(?=\d)", re.IGNORECASE)
"""What begins a formula, a mention, an issue or a bare address: alone in an element it does not."""


def markdown(text: object) -> str:
    """Text that is nothing but text in a Markdown table on GitHub, on one line.

    No HTML, no new cell, no markup, no link, mention or formula.
    """
    plain = html.escape(one_line(str(text)), quote=False)
    return APART.sub(r"<span>\g<0></span>", re.sub(r"([\\`*_\[\]|~])", r"\\\1", plain))
