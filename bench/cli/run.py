"""`run` trains the missing cells of a grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.adaptive import Adaptive
from bench.cli.errors import EXIT_MISSING, bad_input, fail, need_gpu, warning, writable
from bench.cli.execute import carry_out, count, report_skipped, warn
from bench.cli.options import HOW, GridOptions, names, usable_path, with_grid_options

if TYPE_CHECKING:
    from bench.engine.plan import RunPlan
    from bench.experiment.cell import Cell


Events = Annotated[
    Path | None,
    typer.Option(help="folder for TensorBoard event files of the curves", callback=usable_path),
]


class Engine(StrEnum):
    """Which engine runs the cells."""

    ray = "ray"
    serial = "serial"


class MadeElsewhere(StrEnum):
    """What becomes of tasks whose records another kind of machine, or other libraries, made."""

    leave = "leave"
    again = "again"


Elsewhere = Annotated[
    MadeElsewhere,
    typer.Option(
        help="tasks whose records another kind of machine made: leave what they lack to it, or "
        "make them again here",
        rich_help_panel=HOW,
    ),
]
SeedsPerTrial = Annotated[
    int, typer.Option(min=1, help="how many seeds of a cell train together", rich_help_panel=HOW)
]


class Settings(StrEnum):
    """Which settings strategies are run with."""

    published = "published"
    tuned = "tuned"


@with_grid_options
def run(
    shared: GridOptions,
    seeds: Annotated[int | None, typer.Option(min=1, max=1000, help="seeds 0 to N-1")] = None,
    settings: Annotated[
        Settings, typer.Option(help="of the strategies; tuned: as chosen by `tune`")
    ] = Settings.published,
    tensorboard: Events = None,
    engine: Annotated[
        Engine, typer.Option(help="Ray Tune, or this process", rich_help_panel=HOW)
    ] = Engine.ray,
    seeds_per_trial: SeedsPerTrial = 10,
    adaptive: Annotated[
        bool,
        typer.Option("--adaptive", help="10 seeds, then 20 and 40 where a verdict is open"),
    ] = False,
    made_elsewhere: Elsewhere = MadeElsewhere.leave,
) -> None:
    """Run the missing cells of a grid: cells with valid records are not run again.

    With --adaptive every strategy has 10 seeds and the bases have 100; then those whose effect in a
    domain is not decided have 20, and 40.

    Exit codes: 0 all records exist, 2 bad input and nothing was run, 3 some cells failed or were
    skipped because data is missing or their task's records were made elsewhere, 130 interrupted.
    """
    if engine is Engine.serial:
        _check_serial(shared)
    if adaptive:
        _check_adaptive(shared, seeds)
    folder = shared.prepare()
    from bench.engine import plan, tune_plan
    from bench.experiment.protocol import BASE_SEEDS
    from bench.records.search_store import NoSearch

    with bad_input(NoSearch):
        grid = shared.chosen_grid(seeds)
        wanted = grid.cells()
        plan.check(wanted, BASE_SEEDS if adaptive else grid.seeds)
        lacking: list[str] = []
        if settings is Settings.tuned:
            wanted, lacking = tune_plan.chosen(wanted, folder)
    again = made_elsewhere is MadeElsewhere.again
    options = shared.run_options(seeds_per_trial, again=again)
    if adaptive:
        looks = Adaptive(wanted, folder, options, lacking)
        show, carry = looks.dry_run, looks.run
    else:
        make_plan = partial(plan.plan_jobs, wanted, folder, grid.seeds, options)
        announce = partial(_announce, seeds=grid.seeds, lacking=lacking)
        show = partial(_dry_run, make_plan, announce)
        carry = partial(carry_out, make_plan, announce, folder)
    if shared.dry_run:
        show()
        return
    writable(folder)
    with _events(tensorboard, folder, wanted):
        done = carry(shared.ray() if engine is Engine.ray else None)
    _finish(wanted, folder, done, lacking)


def _finish(cells: list[Cell], folder: Path, done: RunPlan, lacking: list[str]) -> None:
    """Say that all is done, or exit with an error that says what is missing."""
    from bench.records.acts import idle

    for label in idle(cells, folder):
        warning(f"{label} is bit for bit its base: what it adds or removes has not acted")
    report_skipped(done, "all other cells have records")
    if lacking:
        fail(
            f"{len(lacking)} cells have no tuned settings, first: {lacking[0]}; run `python -m "
            f"bench tune` with the same grid first; all other cells have records",
            EXIT_MISSING,
        )
    typer.echo(f"all cells have records in {folder}")


@contextmanager
def _events(tensorboard: Path | None, folder: Path, cells: Iterable[Cell]) -> Iterator[None]:
    """Write event files of what has been recorded at the end, if a folder for them is given."""
    if tensorboard is None:
        yield
        return
    writable(tensorboard)
    from bench.report.tensorboard import write_events

    try:
        yield
    finally:
        write_events(folder, cells, tensorboard)


def _check_serial(shared: GridOptions) -> None:
    if shared.address is not None or shared.max_concurrent is not None:
        fail("--address and --max-concurrent are for Ray; leave out --engine serial")
    if shared.gpus_per_cell:
        need_gpu()


def _check_adaptive(shared: GridOptions, seeds: int | None) -> None:
    from bench.experiment.grid import HOME

    if HOME in (names(shared.contrasts) or ()):
        fail("--adaptive is for verdicts, and cells at home are in none; leave one of them out")
    if seeds is not None or shared.updates is not None:
        fail(
            "--adaptive chooses the numbers of seeds by verdicts, of which cells with a custom "
            "number of updates are no part; leave out --seeds and --updates"
        )


def _dry_run(make_plan: Callable[..., RunPlan], announce: Callable[[RunPlan], None]) -> None:
    with bad_input():
        announce(make_plan(dry_run=True))


def _announce(plan: RunPlan, *, seeds: int, lacking: Iterable[str]) -> None:
    from bench.engine.status_file import duration

    for why in lacking:
        warning(f"skipping a cell: {why}")
    warn(plan)
    cost, cells = sum(job.seconds for job in plan.jobs), len({job.label for job in plan.jobs})
    for job in plan.jobs:
        typer.echo(f"to run {job.label}: {count(job.seeds)}, about {duration(job.seconds)}")
    typer.echo(
        f"{cells} cell{'s' * (cells != 1)} to run, "
        f"{plan.done} already have records of {count(range(seeds))}; "
        f"about {duration(cost)} on one core"
    )
