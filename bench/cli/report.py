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
from bench.records.paths import LOCAL

if TYPE_CHECKING:
    from bench.report.parties import Parties, Pile


def report(
    results: Results = Path("results"),
    name: Annotated[str, typer.Option(help="your own submission, shown apart")] = LOCAL,
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

    If there are records of your own, the site shows them alone, and studies/ has one of the others:
    of the maintainers' records, with a site of each other submission beside it.
    """
    from bench.experiment.protocol import PROTOCOL_VERSION
    from bench.report.parties import read

    check_name(name)
    folder = results / PROTOCOL_VERSION
    _check_folders(folder, name)
    every = read(folder)
    if not every.found:
        there = "only searches" if every.searched else "no records"
        corrupt = every.corrupt
        fail(str(corrupt[0]) if corrupt else f"there are {there} in {folder}; run a grid first")
    board = leaderboard or out / "LEADERBOARD.md"
    writable(out)
    writable(board.parent)
    if board.is_dir():
        fail(f"cannot write to {board}: it is a folder; name a file")
    from bench.report.beside import Others
    from bench.report.pages import INDEX, STUDIES, build_pages  # imports for seconds

    found = _divided(results, every, name)
    own, studies = found.own, found.maintained
    if not own.records and not studies.records:
        fail(
            f"nothing in {folder} can be reported ({_why_not(found)}); "
            "run a grid, without --updates"
        )
    gc.freeze()  # collections then skip modules and records, which saves a tenth of the time
    build_pages(
        studies if studies.records else None,
        out,
        board,
        (name, own) if own.records else None,
        found.at_home,
        strangers=found.strangers,
        others=Others(left_out=found.left_out, standing=found.standing, reasons=found.reasons),
    )
    _say(found, out / INDEX, out / STUDIES / INDEX)
    if found.corrupt:
        first, *rest = found.corrupt
        more = f" (and {len(rest)} more)" if rest else ""
        fail(f"left out of the report: {first}{more}; the next run of its cell replaces it")


def _check_folders(folder: Path, name: str) -> None:
    """Exit with an error if there are no records, or no submission of this name."""
    if not folder.is_dir():
        fail(f"no records in {folder}; run `python -m bench run` first")
    if name != LOCAL and not (folder / name).is_dir():
        fail(f"there is no submission {folder / name}; see {folder}")


def _divided(results: Path, every: Pile, name: str) -> Parties:
    """Whose everything is; exits where the maintainers' or one's own cannot be trusted."""
    from bench.report.grounds import PlaceboMoved
    from bench.report.parties import divide
    from bench.submissions.standing import BadStanding

    try:
        return divide(results, every, name)
    except (BadStanding, PlaceboMoved) as error:
        fail(str(error))


def _why_not(found: Parties) -> str:
    """Why all records and searches of one's own and of the maintainers are left out."""
    every = Counter(dict(found.own.reasons())) + Counter(dict(found.maintained.reasons()))
    if not every:
        return f"all is of submissions that are not maintained: {', '.join(_others(found))}"
    return "; ".join(f"{plural(count, 'file')}: {why}" for why, count in every.most_common())


def _others(found: Parties) -> list[str]:
    return sorted({*found.strangers, *found.left_out})


def _say(found: Parties, index: Path, others: Path) -> None:
    """How many records are left out, and why; the last line says where to look."""
    own, studies = found.own, found.maintained
    both = own.records and studies.records
    left_out = Counter({(index, why): count for why, count in own.reasons()})
    left_out.update({(others if both else index, why): n for why, n in studies.reasons()})
    for (page, why), count in left_out.items():
        say(f"{page} leaves out {plural(count, 'file')}: {why}")
    board = others if both else index
    if studies.records:
        for name, why in found.left_out.items():
            say(f"{board} leaves out the submission {name}: {why}")
    elif _others(found):
        say(f"{board} leaves out what is not maintained: {', '.join(_others(found))}")
    cells = plural(len(own.records or studies.records), "cell")
    if both:
        say(f"{cells} measured here: {index}; the committed studies: {others}")
    else:
        say(f"{cells}{' measured here' * bool(own.records)}: {index}")
