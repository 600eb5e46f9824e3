"""The style of figures: colours for colour-blind readers, and reproducible bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import matplotlib
from matplotlib.figure import Figure

VERDICT_STYLE: dict[str, tuple[str, str]] = {
    "transfers": ("#009E73", "o"),
    "GAN only": ("#0072B2", "s"),
    "RL only": ("#E69F00", "D"),
    "conflicts": ("#CC79A7", "X"),
    "neutral": ("#6B7280", "P"),
    "harmful": ("#D55E00", "v"),
    "hurts GAN only": ("#7A3B9A", "<"),
    "hurts RL only": ("#8C4A00", ">"),
    "mixed": ("#56B4E9", "d"),
    "undetermined": ("#9CA3AF", "o"),
}
"""Colour and marker of every verdict, after Okabe and Ito (2008)."""

INK, MUTED, RULE = "#1F2937", "#6B7280", "#D1D5DB"
ACCENT, BASE_GREY = "#0072B2", "#9CA3AF"

SETTINGS: Any = {
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.labelsize": 9.0,
    "axes.edgecolor": RULE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "text.parse_math": False,  # names come from records and may hold a dollar sign
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.formatter.useoffset": False,
    "path.simplify": False,
    "svg.hashsalt": "crossover",
    "pdf.fonttype": 42,  # outlines that publishers take
}


@contextmanager
def styled() -> Iterator[None]:
    """Figures made within have the suite's style, whatever the user's matplotlib is set to."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def png(figure: Figure, **options: Any) -> bytes:
    """The figure as PNG, without the date and version that would change its bytes."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None}, **options)
    return stream.getvalue()


@dataclass(frozen=True)
class Drawing:
    """A figure in several formats, and where its marks are."""

    png: bytes
    vector: Mapping[str, bytes] = field(default_factory=dict)  # "svg", "pdf"
    marks: tuple[tuple[str, float, float], ...] = ()
    """What lies where: percent of the width from the left, and of the height from the top."""


_PRINT = ContextVar("print", default=True)


@contextmanager
def screen_only() -> Iterator[None]:
    """Figures made within have no formats for print, which take more time than the rest."""
    token = _PRINT.set(False)
    try:
        yield
    finally:
        _PRINT.reset(token)


def drawing(figure: Figure, marks: tuple[tuple[str, float, float], ...] = ()) -> Drawing:
    """The figure as PNG, and as SVG and PDF for print, without dates."""
    image = png(figure)
    if not _PRINT.get():
        return Drawing(image, marks=marks)
    figure.set_layout_engine("none")  # which takes most of the time, and has made the layout
    vector = {}
    for kind, metadata in (
        ("svg", {"Date": None, "Creator": None}),
        ("pdf", {"CreationDate": None, "Creator": None, "Producer": None}),
    ):
        stream = io.BytesIO()
        figure.savefig(stream, format=kind, metadata=metadata)
        vector[kind] = stream.getvalue()
    return Drawing(image, vector, marks)


def printable(text: str, length: int = 40) -> str:
    """Text from a record that any font can draw, cut to `length` characters."""
    clean = "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
    return clean if len(clean) <= length else clean[: length - 1] + "…"
