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
    PROTOCOL/NAME/TASK/CELL", among all that can be run here. What came out is kept in
    results/checks, whole; the submission's own folder is only read.

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
    again = _Again(own, submission_folder(scratch, name), RunOptions(Resources(cpus_per_cell)))
    with _removed_if_done(scratch, again):
        if cell is not None:
            targets, drawn = [_chosen(again, cell, seeds)], None
        else:
            assert spot is not None
            assert ref is not None
            targets, drawn = _drawn(again, spot, ref, max_hours, seeds)
        _announce(targets)
        if not dry_run:
            again.run(targets, drawn, engine)


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


def _chosen(again: _Again, name: str, seeds: int | None) -> Target:
    """The cell of this name. Exits with an error if it cannot be run again."""
    from bench.engine.rerun import Unfit, target
    from bench.experiment.cell import Cell
    from bench.records import store
    from bench.records.paths import record_path

    with bad_input():
        path = record_path(again.own, Cell.parse(name))
    if not path.is_file():
        fail(f"there is no record {path}; see the folders and files of {again.own}")
    with bad_input():
        try:
            return target(path, again.folder, seeds)
        except Unfit as why:
            commit = store.read(path).provenance.commit
            text = f"{name} cannot be run again here: {why}"
    fail(f"{text}; its record was made at commit {commit}: check that out to run it as it was")


def _drawn(
    again: _Again, spot: int, ref: str, max_hours: float | None, seeds: int | None
) -> tuple[list[Target], Draw]:
    """The cells that are drawn. Exits with an error if there are none."""
    from bench.engine.rerun import targets
    from bench.submissions.check import cells
    from bench.submissions.draw import LEAST_SHARE, Draw, order

    limit = float("inf") if max_hours is None else 3600.0 * max_hours
    with bad_input():
        found, lacking = targets(again.own, again.folder, seeds, limit)
    for why, number in lacking.items():
        warning(f"not among those drawn from, {plural(number, 'record')}: {why}")
    present = len(cells(again.own))
    if not found:
        fail(f"no record of the {present} in {again.own} can be run again here")
    if len(found) < LEAST_SHARE * present:
        warning("fewer than half of the records: this draw will not make the rest spot-checked")
    draw = Draw(ref=ref, of=len(found), count=spot)
    typer.echo(f"{draw.size} drawn by {ref[:12]} from {len(found)} of {plural(present, 'record')}")
    return [found[label] for label in order(ref, found)[: draw.size]], draw


def _announce(targets: Sequence[Target]) -> None:
    from bench.engine.status_file import duration

    for each in targets:
        seeds = count(range(each.seeds))
        typer.echo(f"to run again {each.label}: {seeds}, about {duration(each.seconds)}")
    cost = duration(sum(each.seconds for each in targets))
    typer.echo(f"{plural(len(targets), 'cell')}, about {cost} on one core")


@dataclass
class _Again:
    """A submission's folder, and the folder in which its cells are run again."""

    own: Path
    folder: Path
    options: RunOptions
    failed: int = 0  # the exit code of runs that did not all end well

    def run(self, targets: list[Target], drawn: Draw | None, engine: Engine) -> None:
        """Run cells again, keep their checks, and exit with an error unless all agree."""
        from bench.submissions.check import check_path

        for parent in {check_path(each.path).parent for each in targets}:
            writable(parent)
        known = {each.label: found for each in targets if (found := _known(each, drawn))}
        left = [each for each in targets if each.label not in known]
        for label, agreement in known.items():
            _say(label, agreement, "checked before")
        # In this process one after the other, so that what is done is kept; Ray runs all at once.
        groups = [[each] for each in left] if engine is Engine.serial else [left] if left else []
        for group in groups:
            self._train(group, engine)
            judged = {each.label: self._judge(each, drawn) for each in group}
            known |= {label: found for label, found in judged.items() if found is not None}
            if self.failed not in {0, EXIT_MISSING}:
                raise typer.Exit(self.failed)
        _finish(known, targets, self.failed)

    def _train(self, group: list[Target], engine: Engine) -> None:
        from bench.engine import rerun

        ray = None if engine is Engine.serial else {"address": None, "max_concurrent": None}
        make_plan = partial(rerun.plan, group, self.folder, self.options)
        try:
            carry_out(make_plan, lambda plan: None, self.folder, ray)
        except typer.Exit as ended:
            self.failed = ended.exit_code

    def _judge(self, each: Target, drawn: Draw | None) -> Agreement | None:
        """Compare, keep the check and say what came out; None if there is nothing to compare."""
        from bench.records import store
        from bench.records.paths import record_path
        from bench.submissions import agreement, check

        path = record_path(self.folder, each.cell)
        rerun = store.read(path) if path.exists() else None
        if rerun is None or len(rerun.seeds) < each.seeds:
            return None
        place = check.check_path(each.path)
        # Chosen by hand now, but drawn before: it is still the cell that was drawn.
        earlier = check.earlier(place, each.path)
        kept = drawn or (earlier.drawn if earlier else None)
        try:
            check.write(place, check.Check.of(each.path, each.raw, kept, rerun))
        except (OSError, ValueError) as error:  # a full disk, or more seeds than there is room for
            self.failed = EXIT_MISSING
            error_line(f"the check of {each.label} is not kept, its re-run is in {path}: {error}")
            return None
        found = agreement.compare(each.record, rerun, kept.size if kept else 1)
        _say(each.label, found, str(place))
        return found


def _known(each: Target, drawn: Draw | None) -> Agreement | None:
    """What an earlier check by the same draw has found, if the same seeds or more were run."""
    from bench.submissions import agreement, check

    found = check.earlier(check.check_path(each.path), each.path)
    if drawn is None or found is None or found.drawn != drawn:
        return None
    if len(found.rerun.seeds) < each.seeds:
        return None
    return agreement.compare(each.record, found.rerun, drawn.size)


def _say(label: str, found: Agreement, where: str) -> None:
    typer.echo(f"{label} {found.outcome}: {found.why} ({where})")


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
    if by["cannot tell"]:
        few = f"{len(by['cannot tell'])} of {total}, first {by['cannot tell'][0]}"
        fail(f"nothing can be told of {few}; run more seeds, or on such a machine", EXIT_MISSING)
    if failed or len(known) < len(targets):
        error_line(f"{len(known)} of {total} agree, and the others were not run to the end")
        raise typer.Exit(failed or EXIT_MISSING)
    typer.echo(f"{total} agree" if len(targets) > 1 else f"{total} agrees")


@contextmanager
def _removed_if_done(scratch: Path, again: _Again) -> Iterator[None]:
    """Remove the folder of the re-runs at the end, unless logs there tell what went wrong."""
    try:
        yield
    finally:
        if not again.failed:
            shutil.rmtree(scratch, ignore_errors=True)
