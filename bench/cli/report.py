"""`report` builds tables, figures, pages and the leaderboard."""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.errors import fail, say, writable
from bench.cli.execute import plural
from bench.cli.options import Results, check_name, usable_path

if TYPE_CHECKING:
    from bench.records.record import Record
    from bench.records.store import Found
    from bench.report.selection import SearchFile, Selection

OWN = "local"
"""The submission of a run without --name."""


def report(
    results: Results = Path("results"),
    name: Annotated[str, typer.Option(help="your own submission, shown apart")] = OWN,
    out: Annotated[
        Path, typer.Option(help="where the pages are written", callback=usable_path)
    ] = Path("report"),
    leaderboard: Annotated[
        Path | None,
        typer.Option(
            help="where LEADERBOARD.md is written; default: in --out", callback=usable_path
        ),
    ] = None,
) -> None:
    """Build the site, its tables and figures, and the leaderboard from all records.

    If there are records of your own, the site shows them alone, and studies/ has one of the others.
    """
    from bench.experiment.protocol import PROTOCOL_VERSION
    from bench.records import search_store
    from bench.records.search import Search
    from bench.records.store import Found, walk

    check_name(name)
    folder = results / PROTOCOL_VERSION
    _check_folders(folder, name)
    read, searched = list(walk(folder)), list(search_store.walk(folder))
    corrupt = [item for item in read if not isinstance(item, Found)]
    corrupt += [item for _, item in searched if not isinstance(item, Search)]
    found = [item for item in read if isinstance(item, Found)]
    if not found:
        there = "only searches" if searched else "no records"
        fail(str(corrupt[0]) if corrupt else f"there are {there} in {folder}; run a grid first")
    board = leaderboard or out / "LEADERBOARD.md"
    writable(out)
    writable(board.parent)
    if board.is_dir():
        fail(f"cannot write to {board}: it is a folder; name a file")
    from bench.report.pages import INDEX, STUDIES, build_pages  # imports for seconds

    at_home, counted = _counted(found, folder, name)
    own, studies = (_selected(counted, searched, folder / name, wanted) for wanted in (True, False))
    if not own.records and not studies.records:
        why = _why_not(own, studies)
        fail(f"nothing in {folder} can be reported ({why}); run a grid, without --updates")
    gc.freeze()  # collections then skip modules and records, which saves a tenth of the time
    mine = (name, own) if own.records else None
    build_pages(studies if studies.records else None, out, board, mine, at_home)
    _say(own, studies, out / INDEX, out / STUDIES / INDEX)
    if corrupt:
        more = f" (and {len(corrupt) - 1} more)" if len(corrupt) > 1 else ""
        fail(f"left out of the report: {corrupt[0]}{more}; the next run of its cell replaces it")


def _check_folders(folder: Path, name: str) -> None:
    """Exit with an error if there are no records, or no submission of this name."""
    if not folder.is_dir():
        fail(f"no records in {folder}; run `python -m bench run` first")
    if name != OWN and not (folder / name).is_dir():
        fail(f"there is no submission {folder / name}; see {folder}")


def _counted(found: list[Found], folder: Path, name: str) -> tuple[list[Record], list[Found]]:
    """The records of home evidence, which stands beside verdicts, and those that count."""
    from bench.experiment.at_home import SUBMISSION as HOME

    home = [folder / HOME in item.path.parents for item in found]
    counted = [item for item, aside in zip(found, home, strict=True) if name == HOME or not aside]
    return [item.record for item, aside in zip(found, home, strict=True) if aside], counted


def _selected(
    found: list[Found], searched: list[SearchFile], mine: Path, wanted: bool
) -> Selection:
    """What is shown of the submission in the folder `mine`, if it is `wanted`, or of all others."""
    from bench.report.grounds import PlaceboMoved
    from bench.report.selection import select

    try:
        return select(
            [item for item in found if (mine in item.path.parents) == wanted],
            [item for item in searched if (mine in item[0].parents) == wanted],
        )
    except PlaceboMoved as moved:
        fail(str(moved))


def _why_not(own: Selection, studies: Selection) -> str:
    """Why all records and searches are left out."""
    every = Counter(dict(own.reasons())) + Counter(dict(studies.reasons()))
    return "; ".join(f"{plural(count, 'file')}: {why}" for why, count in every.most_common())


def _say(own: Selection, studies: Selection, index: Path, others: Path) -> None:
    """How many records are left out, and why; the last line says where to look."""
    both = own.records and studies.records
    left_out = Counter({(index, why): count for why, count in own.reasons()})
    left_out.update({(others if both else index, why): n for why, n in studies.reasons()})
    for (page, why), count in left_out.items():
        say(f"{page} leaves out {plural(count, 'file')}: {why}")
    cells = plural(len(own.records or studies.records), "cell")
    if both:
        say(f"{cells} measured here: {index}; the committed studies: {others}")
    else:
        say(f"{cells}{' measured here' * bool(own.records)}: {index}")
