"""`compare` puts two submissions, or two strategies, side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from bench.cli.errors import bad_input, fail, say, say_json, warning, writable
from bench.cli.options import Results, usable_path
from bench.cli.process import decodable
from bench.cli.terminal import print_table
from bench.records.plain_text import one_line

if TYPE_CHECKING:
    from bench.records.record import Record
    from bench.report.side_by_side import Pair, SideBySide

FEW = 8
"""How many names a line lists."""


@dataclass(frozen=True)
class Side:
    """What is compared: the records of a folder, or those of one strategy in it."""

    folder: Path
    strategy: str | None
    records: list[Record]

    @property
    def title(self) -> str:
        """As it is called on the terminal."""
        return f"{self.folder}{f', {self.strategy}' if self.strategy else ''}"


def compare(
    first: Annotated[
        str,
        typer.Argument(metavar="A", help="a submission, or a folder of one; with :STRATEGY, of it"),
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="the same; it is judged against A")],
    results: Results = Path("results"),
    csv: Annotated[
        Path | None, typer.Option(help="write all numbers to this file", callback=usable_path)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print all numbers as JSON")] = False,
) -> None:
    """Compare two submissions, or two strategies: what changed, and is it noise?

    `compare demo local`: every cell that both have, by task, base, strategies.

    `compare old:r1 new:r1`: those of r1; `compare demo:r1 demo:r2`: one against the other.

    P(B better) and p are those of reports; 0.5 is no difference.
    """
    names = [_split(text, results) for text in (first, second)]
    if any(name for _, name in names):  # what one side names holds for both
        either = next(name for _, name in names if name)
        names = [(folder, name or either) for folder, name in names]
    if names[0][0].resolve() == names[1][0].resolve() and names[0][1] == names[1][1]:
        same = Side(*names[0], []).title
        fail(f"A and B are the same: {same}; name another submission or :STRATEGY")
    sides = [Side(folder, name, _read(folder, name)) for folder, name in names]
    if csv is not None:
        _check_file(csv)
    from bench.report import side_by_side as report
    from bench.report.files import csv_text

    strategies = (names[0][1], names[1][1])
    pair = None if None in strategies else (str(strategies[0]), str(strategies[1]))
    with bad_input():
        found = report.side_by_side(sides[0].records, sides[1].records, pair)
    if not found.pairs and not found.refused:
        fail(
            f"no cell is in both: {_example('A', found.only_first)}; "
            f"{_example('B', found.only_second)}"
        )
    if csv is not None:
        csv.write_text(csv_text(report.frame(found)), encoding="utf-8")
    if as_json:
        say_json(_as_json(found, sides))
    else:
        _print(found, sides)


def _split(text: str, results: Path) -> tuple[Path, str | None]:
    """The folder and the strategy that a side names; exits with an error if there is no folder."""
    from bench.experiment.protocol import PROTOCOL_VERSION
    from bench.submissions.closed_list import NAME

    if not decodable(Path(text)):
        fail(f"{text} is no valid text (UTF-8); name a submission or a folder")
    usable_path(Path(text))
    whole = ":" not in text or Path(text).exists()
    place, _, strategy = (text, "", None) if whole else text.rpartition(":")
    if strategy == "":
        fail(f"{text!r} names no strategy after the colon; write {place}:r1, or leave it out")
    below = results / PROTOCOL_VERSION
    submission = below / place
    if NAME.fullmatch(place) and submission.is_dir():
        return submission, strategy
    if place and Path(place).exists():
        return Path(place), strategy
    there = sorted(each.name for each in below.iterdir() if each.is_dir()) if below.is_dir() else []
    known = f"submissions in {below}: {', '.join(there)}" if there else f"{below} has none"
    fail(f"there is no submission and no folder {place!r}; {known}")


def _read(folder: Path, strategy: str | None) -> list[Record]:
    """The records of a side; exits with an error if there are none, or several submissions."""
    from bench.records.store import Found, walk
    from bench.report.side_by_side import has

    # Of a task's folder, a submission's, or of several; nothing is looked for deeper.
    inside = [each for depth in ("", "*/", "*/*/") for each in folder.glob(f"{depth}*.json")]
    items = [item for each in sorted(inside) if each.is_file() for item in walk(each)]
    for item in items:
        if not isinstance(item, Found):
            warning(f"left out: {item}")
    found = [item for item in items if isinstance(item, Found)]
    owners = sorted({item.path.absolute().parents[1].name for item in found})
    if len(owners) > 1:
        fail(f"{folder} holds several submissions: {', '.join(owners)}; name one of them")
    if not found:
        fail(f"there are no records in {folder}")
    records = [item.record for item in found]
    if strategy is None:
        return records
    chosen = [record for record in records if has(record, strategy)]
    if not chosen:
        every = sorted({record.strategy for record in records if record.strategy is not None})
        there = f"it has {_few(every)}" if every else "it has bases alone"
        fail(f"{folder} has no cell of {strategy!r}; {there}")
    return chosen


def _check_file(path: Path) -> None:
    writable(path.absolute().parent)
    if path.is_dir():
        fail(f"cannot write to {path}: it is a folder; name a file")


def _few(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more


def _example(side: str, names: tuple[str, ...]) -> str:
    return f"{side} has {_few(names)}"


def _print(found: SideBySide, sides: list[Side]) -> None:
    """The table, what is in one side alone, what differs, and what it comes to."""
    from bench.report.side_by_side import closing

    for letter, side in zip("AB", sides, strict=True):
        count = len(side.records)
        say(f"{letter}: {side.title}, {count} cell{'s' * (count != 1)}")
    columns = ("cell", "median A", "median B", "failed", "seeds", "P(B better)", "p", "B is")
    table = Table(*columns, "time B/A", "differs", box=None, header_style="bold", pad_edge=False)
    for pair in found.pairs:
        table.add_row(*(escape(one_line(cell)) for cell in _cells(pair)))
    if found.pairs:
        print_table(table, width=160)
    for text, count in found.differences:
        say(f"differs in {count} of {len(found.pairs)}: {DIFFERENCES.get(text, text)}")
    for letter, names in (("A", found.only_first), ("B", found.only_second)):
        if names:
            say(f"only in {letter}: {_few(names)}")
    for name, why in found.refused:
        say(f"not compared: {name}: {why}")
    say(closing(found))


DIFFERENCES = {
    "spec": "spec, the hash of code, settings and data",
    "data": "data, the hashes of data and weights",
}


def _cells(pair: Pair) -> list[str]:
    """A row of the table; p is adjusted by Holm over all cells that are not equal to the bit."""
    from bench.report.cells import CellResult
    from bench.report.side_by_side import median, slower
    from bench.report.tables import number

    effect, made = pair.effect, (pair.first, pair.second)
    counts = [str(len(record.seeds)) for record in made]
    failed = [str(CellResult.of(record).failures) for record in made]
    same = f"equal to the bit on {pair.common} seed{'s' * (pair.common != 1)}"
    word = pair.word if pair.settle is None else f"unclear ({pair.settle} seeds)"
    return [
        pair.name,
        *(number(median(record)) for record in made),
        ", ".join(failed) if any(map(int, failed)) else "",
        counts[0] if counts[0] == counts[1] else ", ".join(counts),
        "" if pair.same else f"{effect.value:.2f} [{effect.low:.2f}, {effect.high:.2f}]",
        "" if pair.same else "<0.001" if pair.p_adjusted < 0.001 else f"{pair.p_adjusted:.3f}",
        same if pair.same else word,
        number(slower(pair)),
        ", ".join(dict.fromkeys(text.split(" ")[0] for text in pair.differs)),
    ]


def _as_json(found: SideBySide, sides: list[Side]) -> dict[str, object]:
    """Everything; what is no number, or infinite as the median of failures, is null."""
    from bench.report.side_by_side import closing, row

    return {
        "a": sides[0].title,
        "b": sides[1].title,
        "cells": [
            {
                name: None if isinstance(value, float) and not math.isfinite(value) else value
                for name, value in row(pair).items()
            }
            for pair in found.pairs
        ],
        "only_in_a": list(found.only_first),
        "only_in_b": list(found.only_second),
        "not_compared": dict(found.refused),
        "summary": closing(found),
    }
