"""`report` builds tables, plots, the page and the leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.errors import fail, writable
from bench.cli.options import Results


def report(
    results: Results = Path("results"),
    out: Annotated[Path, typer.Option(help="where the page is written")] = Path("report"),
    leaderboard: Annotated[
        Path | None, typer.Option(help="where LEADERBOARD.md is written; default: in --out")
    ] = None,
) -> None:
    """Build tables, plots, the page and the leaderboard from all records."""
    from bench.experiment.protocol import PROTOCOL_VERSION
    from bench.records import search_store
    from bench.records.search import Search
    from bench.records.store import Found, walk

    folder = results / PROTOCOL_VERSION
    if not folder.is_dir():
        fail(f"no records in {folder}; run `python -m bench run` first")
    found, searched = list(walk(folder)), list(search_store.walk(folder))
    corrupt = [item for item in found if not isinstance(item, Found)]
    corrupt += [item for _, item in searched if not isinstance(item, Search)]
    records = [item.record for item in found if isinstance(item, Found)]
    if not records:
        fail(str(corrupt[0]) if corrupt else f"no records in {folder}; run a grid first")
    board = leaderboard or out / "LEADERBOARD.md"
    writable(out)
    writable(board.parent)
    if board.is_dir():
        fail(f"cannot write to {board}: it is a folder; name a file")
    from bench.report.findings import ranking
    from bench.report.pages import build_report  # imports for seconds
    from bench.report.searches import believed, sort_out

    ranked, ignored = believed(ranking([item for item in found if isinstance(item, Found)]))
    if not ranked:
        fail(": ".join(ignored[0]))
    shown, others = sort_out(searched, ranked)
    build_report([item.record for item in ranked], out, board, shown, ignored + others)
    cells = len({(record.task, record.cell) for record in records})
    left = f"; {len(records) - cells} more of the same cells left out" * (cells < len(records))
    typer.echo(f"{cells} cells{left}: {out / 'index.html'}")
    if corrupt:
        more = f" (and {len(corrupt) - 1} more)" if len(corrupt) > 1 else ""
        fail(f"left out of the report: {corrupt[0]}{more}; the next run of its cell replaces it")
