"""`reproduce` runs cells of a submission again and keeps what came out beside its records."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.errors import (
    EXIT_FAULTY,
    EXIT_MISSING,
    bad_input,
    error_line,
    fail,
    note,
    say,
    warning,
    writable,
)
from bench.cli.execute import carry_out, count, plural
from bench.cli.options import (
    HOW,
    DataRoot,
    Results,
    check_name,
    set_data_root,
)
from bench.cli.run import Engine

if TYPE_CHECKING:
    from bench.engine.plan import RunOptions
    from bench.engine.rerun import Target
    from bench.submissions.agreement import Agreement
    from bench.submissions.draw import Draw


def reproduce(
    cell: Annotated[
        str | None, typer.Argument(metavar="[CELL]", help="TASK/CELL, as in dirac/bare+r1")
    ] = None,
    results: Results = Path("results"),
    name: Annotated[str, typer.Option(help="the submission's name below results")] = "local",
    spot: Annotated[
        int | None, typer.Option(min=1, metavar="K", help="draw so many of its cells instead")
    ] = None,
    ref: Annotated[
        str | None, typer.Option(help="full hash of the commit that merged it, which draws them")
    ] = None,
    max_hours: Annotated[
        float | None, typer.Option(min=0.0, help="draw no cell that is expected to take longer")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, max=1000, help="first seeds to run; default: up to ten")
    ] = None,
    data_root: DataRoot = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only print what would run")] = False,
    engine: Annotated[
        Engine, typer.Option(help="this process, or Ray Tune", rich_help_panel=HOW)
    ] = Engine.serial,
    cpus_per_cell: Annotated[
        int, typer.Option(min=1, help="CPUs and threads of each cell", rich_help_panel=HOW)
    ] = 1,
) -> None:
    """Run cells of a submission again with this code, and say whether they agree.

    A cell by name, or with --spot K those that --ref draws: the first K by SHA-256 of "REF
    PROTOCOL/NAME/TASK/CELL", among all that can be run here; it goes on where it was. What came out
    is kept in results/checks, whole; the submission's own folder is only read. A changed checkout
    compares, but keeps nothing.

    Exit codes: 0 all agree, 1 some differ, 2 bad input and nothing was run, 3 some could not be run
    or are too few seeds to tell, 130 interrupted.
    """
    _check_options(cell, spot, ref, max_hours)
    check_name(name)
    set_data_root(data_root)
    from bench.engine.plan import Resources, RunOptions
    from bench.records.paths import submission_folder

    own = submission_folder(results, name)
    if not own.is_dir():
        fail(f"there is no submission {own}; give its --name, and --results")
    scratch = Path(tempfile.mkdtemp(prefix="crossover-reproduce-"))
    with _removed_if_done(scratch):
        folder = submission_folder(scratch, name)
        if cell is not None:
            targets, drawn = [_chosen(own, folder, cell, seeds)], None
        else:
            assert spot is not None
            assert ref is not None
            targets, drawn = _drawn(own, folder, (spot, ref), max_hours, seeds)
        _announce(targets)
        if not dry_run:
            _keep_draw(own, drawn, targets)
            again = _Again(folder, RunOptions(Resources(cpus_per_cell), again=True), engine)
            again.run(targets, resume=drawn is not None)


def _check_options(
    cell: str | None, spot: int | None, ref: str | None, max_hours: float | None
) -> None:
    from bench.submissions.draw import is_ref

    if (cell is None) == (spot is None):
        fail("give a cell, as in dirac/bare, or --spot K with --ref HASH; not both")
    if cell is not None and (ref, max_hours) != (None, None):
        fail("--ref and --max-hours are for --spot; leave them out")
    if spot is not None and (ref is None or not is_ref(ref)):
        fail(
            "--spot draws by a full hash, 40 or 64 digits 0 to f; give --ref HASH of the commit "
            "that merged the submission, as `git rev-parse` prints it"
        )


def _chosen(own: Path, folder: Path, name: str, seeds: int | None) -> Target:
    """The cell of this name. Exits with an error if it cannot be run again."""
    from bench.engine.rerun import Unfit, target
    from bench.experiment.cell import Cell
    from bench.records import store
    from bench.records.paths import record_path

    with bad_input():
        path = record_path(own, Cell.parse(name))
    if not path.is_file():
        fail(f"there is no record {path}; see the folders and files of {own}")
    with bad_input():
        try:
            return target(path, folder, seeds)
        except Unfit as why:
            commit = store.read(path).provenance.commit
            text = f"{name} cannot be run again here: {why}"
    fail(f"{text}; its record was made at commit {commit}: check that out to run it as it was")


def _drawn(
    own: Path, folder: Path, by: tuple[int, str], max_hours: float | None, seeds: int | None
) -> tuple[list[Target], Draw]:
    """The cells that are drawn, so many by this hash. Exits with an error if there are none."""
    from bench.engine.again import AnotherDraw, draw
    from bench.engine.rerun import targets
    from bench.submissions.check import cells

    limit = float("inf") if max_hours is None else 3600.0 * max_hours
    with bad_input():
        found, lacking = targets(own, folder, seeds, limit)
    for why, number in lacking.items():
        warning(f"not among those drawn from, {plural(number, 'record')}: {why}")
    present = len(cells(own))
    if not found:
        fail(f"no record of the {present} in {own} can be run again here", EXIT_MISSING)
    pool = {each.label: each for each in found.values()}
    size, ref = by
    with bad_input(AnotherDraw):
        drawn = draw(own, ref, size, pool)
    chosen = [pool[name] for name in drawn.drawn]
    typer.echo(f"{len(chosen)} drawn by {ref[:12]} from {len(pool)} of {plural(present, 'record')}")
    _say_odds(len(pool), len(chosen))
    return chosen, drawn


def _say_odds(cells: int, drawn: int) -> None:
    """Say how likely forged cells are found, if a tenth of all are forged, a fifth or a half."""
    from bench.submissions.draw import odds

    forged = sorted({max(1, cells // part) for part in (10, 5, 2)})
    chances = [f"{odds(cells, some, drawn):.2f} if {some} are" for some in forged]
    typer.echo(f"the probability that a forged one is among them: {', '.join(chances)} forged")


def _keep_draw(own: Path, drawn: Draw | None, targets: Sequence[Target]) -> None:
    """Write down what is drawn before any of it is run, so that no cell can be left out later."""
    from bench.submissions.check import check_path, draw_path, write_draw

    for parent in {check_path(each.path).parent for each in targets}:
        writable(parent)
    if drawn is not None:
        try:
            write_draw(draw_path(own, drawn.ref), drawn)
        except (OSError, ValueError) as error:
            fail(f"the draw cannot be kept: {error}")


def _announce(targets: Sequence[Target]) -> None:
    from bench.engine.status_file import duration

    for each in targets:
        seeds = count(range(each.seeds))
        typer.echo(f"to run again {each.label}: {seeds}, about {duration(each.seconds)}")
    cost = duration(sum(each.seconds for each in targets))
    typer.echo(f"{plural(len(targets), 'cell')}, about {cost} on one core")


@dataclass
class _Again:
    """How cells are run again, and into which folder."""

    folder: Path
    options: RunOptions
    engine: Engine
    failed: int = 0  # the exit code of runs that did not all end well

    def run(self, targets: Sequence[Target], *, resume: bool) -> None:
        """Run cells again, say what came out, and exit with an error unless all agree."""
        from bench.engine.again import run

        # In this process one after the other, so that what is done is kept; Ray runs all at once.
        one_by_one = self.engine is Engine.serial
        known: dict[str, Agreement] = {}
        for each in run(targets, self.folder, self._train, resume=resume, one_by_one=one_by_one):
            label, found = each.target.label, each.agreement
            if each.lost:
                self.failed = EXIT_MISSING
                error_line(each.lost)
            else:
                known[label] = found
            say(f"{label} {found.outcome}: {found.why} ({each.where})")
        if self.failed not in {0, EXIT_MISSING}:
            raise typer.Exit(self.failed)
        _finish(known, targets, self.failed)

    def _train(self, group: Sequence[Target]) -> bool:
        from bench.engine import rerun

        ray = None if self.engine is Engine.serial else {"address": None, "max_concurrent": None}
        make_plan = partial(rerun.plan, group, self.folder, self.options)
        try:
            carry_out(make_plan, lambda plan: None, self.folder, ray)
        except typer.Exit as ended:
            self.failed = ended.exit_code
        return self.failed in {0, EXIT_MISSING}


class _Unclear(typer.Exit):
    """The end of a command all of whose cells were run, and some cannot be told."""


def _finish(known: dict[str, Agreement], targets: Sequence[Target], failed: int) -> None:
    """Say that all agree, or exit with an error that says what does not."""
    by = {
        outcome: [label for label, each in known.items() if each.outcome == outcome]
        for outcome in ("agrees", "differs", "cannot tell")
    }
    total = plural(len(targets), "cell")
    if by["differs"]:
        first = by["differs"][0]
        fail(f"{len(by['differs'])} of {total} differ, first {first}", EXIT_FAULTY)
    if failed or len(known) < len(targets):
        error_line(f"{len(by['agrees'])} of {total} agree, and others were not run to the end")
        raise typer.Exit(failed or EXIT_MISSING)
    if by["cannot tell"]:
        few = f"{len(by['cannot tell'])} of {total}, first {by['cannot tell'][0]}"
        error_line(f"nothing can be told of {few}; run more seeds, or on such a machine")
        raise _Unclear(EXIT_MISSING)
    typer.echo(f"{total} agree" if len(targets) > 1 else f"{total} agrees")


@contextmanager
def _removed_if_done(scratch: Path) -> Iterator[None]:
    """Remove the folder of the re-runs at the end, unless logs there tell what went wrong."""
    try:
        yield
    except _Unclear:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    except BaseException:
        if any(scratch.iterdir()):
            note(f"what was run again, and its logs, are in {scratch}")
        else:
            scratch.rmdir()
        raise
    shutil.rmtree(scratch, ignore_errors=True)
