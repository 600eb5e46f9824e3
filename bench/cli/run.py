"""`run` does what is missing of a grid."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.errors import EXIT_MISSING, bad_input, fail, need_gpu, one_line, writable
from bench.cli.execute import (
    Backend,
    CpusPerCell,
    Deadline,
    Environments,
    GpusPerCell,
    MaxConcurrent,
    carry_out,
    count,
    possible,
    skipped,
    through_ray,
    warn,
)
from bench.cli.options import (
    HOW,
    Address,
    DataRoot,
    Names,
    Results,
    Submission,
    names,
    plain,
    set_data_root,
)

if TYPE_CHECKING:
    from bench.engine.plan import Todo


class Engine(StrEnum):
    """Who runs the cells."""

    ray = "ray"
    serial = "serial"


class Settings(StrEnum):
    """Whose settings strategies have."""

    published = "published"
    tuned = "tuned"


def run(
    grid: Annotated[str, typer.Option(help="a grid's name, or a YAML file")] = "demo",
    tasks: Names = None,
    strategies: Names = None,
    base: Annotated[list[str] | None, typer.Option(help="bare or reference")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, max=1000, help="seeds 0 to N-1")] = None,
    settings: Annotated[
        Settings, typer.Option(help="of the strategies; tuned: those that `tune` has chosen")
    ] = Settings.published,
    results: Results = Path("results"),
    name: Submission = "local",
    updates: Annotated[
        int | None, typer.Option(min=1, help="a trial: another budget, left out of reports")
    ] = None,
    data_root: DataRoot = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only print what would run")] = False,
    tensorboard: Annotated[
        Path | None, typer.Option(help="write the curves there as TensorBoard event files too")
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="Ray Tune, or this process", rich_help_panel=HOW)
    ] = Engine.ray,
    address: Address = None,
    environments: Backend = Environments.auto,
    cpus_per_cell: CpusPerCell = 1,
    gpus_per_cell: GpusPerCell = 0.0,
    max_concurrent: MaxConcurrent = None,
    seeds_per_trial: Annotated[
        int | None,
        typer.Option(
            min=1, help="split cells, so that several machines share one", rich_help_panel=HOW
        ),
    ] = None,
    deadline: Deadline = None,
) -> None:
    """Run what is missing of a grid: cells whose records exist are not run again.

    Exit codes: 0 all records are there, 2 bad input and nothing was run, 3 some cells failed or
    were skipped for want of data, 130 interrupted.
    """
    from bench.engine import plan, tune_plan
    from bench.experiment.grid import load_grid
    from bench.records.search import NoSearch

    plain(name)
    possible(environments)
    if engine is Engine.serial and (address is not None or max_concurrent is not None):
        fail("--address and --max-concurrent are for Ray; leave out --engine serial")
    if engine is Engine.serial and gpus_per_cell:
        need_gpu()
    set_data_root(data_root)
    folder = plan.submission_folder(results, name)
    resources = plan.Resources(cpus_per_cell, gpus_per_cell)
    terms = plan.Terms(environments.value, resources, seeds_per_trial, deadline)
    with bad_input(NoSearch):
        chosen = load_grid(grid).narrowed(
            names(tasks), names(strategies), names(base), seeds, updates
        )
        wanted = chosen.cells()
        plan.check(wanted, chosen.seeds)
        lacking: list[str] = []
        if settings is Settings.tuned:
            wanted, lacking = tune_plan.chosen(wanted, folder)

    def plan(dry: bool) -> Todo:
        return plan.missing(wanted, folder, chosen.seeds, terms, dry_run=dry)

    def announce(todo: Todo) -> None:
        for why in lacking:
            typer.echo(one_line(f"warning: skipping a cell: {why}"), err=True)
        _announce(todo, chosen.seeds)

    if dry_run:
        with bad_input():
            announce(plan(True))
        return
    writable(folder)
    if tensorboard is not None:
        writable(tensorboard)
    through = through_ray(address, max_concurrent) if engine is Engine.ray else None
    try:
        todo = carry_out(plan, announce, folder, through)
    finally:
        if tensorboard is not None:
            from bench.report.tensorboard import write_events

            write_events(folder, wanted, tensorboard)
    skipped(todo, "all other cells have records")
    if lacking:
        fail(
            f"{len(lacking)} cells have no tuned settings, first: {lacking[0]}; run `python -m "
            f"bench tune` with the same grid first; all other cells have records",
            EXIT_MISSING,
        )
    typer.echo(f"all cells have records in {folder}")


def _announce(todo: Todo, seeds: int) -> None:
    from bench.engine.progress import duration

    warn(todo)
    cost = sum(job.seconds for job in todo.jobs)
    for job in todo.jobs:
        typer.echo(f"to run {job.label}: {count(job.seeds)}, about {duration(job.seconds)}")
    typer.echo(
        f"{len({job.label for job in todo.jobs})} cells to run, "
        f"{todo.done} already have records of {seeds} seeds; about {duration(cost)} on one core"
    )
