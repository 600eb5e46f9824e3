"""`tune` searches settings: the same number for every strategy, on seeds that no result uses."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.errors import bad_input, need_optuna, writable
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
    from bench.engine.tune_plan import Plan


class Searcher(StrEnum):
    """Who decides what is tried next."""

    random = "random"
    optuna = "optuna"


def tune(
    budget: Annotated[
        int, typer.Option(min=1, max=100, help="settings for each cell, the published ones first")
    ],
    grid: Annotated[str, typer.Option(help="a grid's name, or a YAML file")] = "demo",
    tasks: Names = None,
    strategies: Names = None,
    base: Annotated[list[str] | None, typer.Option(help="bare or reference")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="selection seeds, 1000 to 999+N")] = 3,
    results: Results = Path("results"),
    name: Submission = "local",
    searcher: Annotated[
        Searcher, typer.Option(help="draws without repetition, or Ray Tune's Optuna")
    ] = Searcher.random,
    halving: Annotated[
        bool, typer.Option(help="stop settings that fall behind those of the same cell (ASHA)")
    ] = True,
    updates: Annotated[int | None, typer.Option(min=1, help="a trial: another budget")] = None,
    data_root: DataRoot = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only print what would run")] = False,
    address: Address = None,
    environments: Backend = Environments.auto,
    cpus_per_cell: CpusPerCell = 1,
    gpus_per_cell: GpusPerCell = 0.0,
    max_concurrent: MaxConcurrent = None,
    deadline: Deadline = None,
) -> None:
    """Try settings of every strategy of a grid, for `run --settings tuned`, through Ray Tune.

    What has been tried is kept beside the records and not tried again; a larger --budget goes on.
    Exit codes as for `run`.
    """
    from bench.engine import plan, tune_plan, tune_results
    from bench.engine.tune_plan import Rules
    from bench.experiment.grid import load_grid

    plain(name)
    possible(environments)
    if searcher is Searcher.optuna:
        need_optuna()
    set_data_root(data_root)
    folder = plan.submission_folder(results, name)
    resources = plan.Resources(cpus_per_cell, gpus_per_cell)
    terms = plan.Terms(environments.value, resources, None, deadline)
    rules = Rules(budget, seeds, searcher.value, halving)
    with bad_input():
        chosen = load_grid(grid).narrowed(
            names(tasks), names(strategies), names(base), None, updates
        )
        wanted = chosen.cells()
        plan.check(wanted, 1)

    def plan(dry: bool) -> Plan:
        return tune_plan.missing(wanted, folder, rules, terms, dry_run=dry)

    if dry_run:
        with bad_input():
            _announce(plan(True))
        return
    writable(folder)
    engine = through_ray(address, max_concurrent, keep=tune_results.Keeper())
    todo = carry_out(plan, _announce, folder, engine)
    skipped(todo, "all other searches have come to their end")
    typer.echo(f"all searches have come to their end in {folder}")


def _announce(todo: Plan) -> None:
    from bench.engine.progress import duration

    warn(todo)
    for label, some in todo.contests.items():
        spent = duration(sum(job.seconds for job in some))
        typer.echo(
            f"to search {label}: {len(some)} settings, {count(some[0].seeds)} each, "
            f"at most about {spent}"
        )
    if todo.nothing:
        others = f" and {len(todo.nothing) - 1} more" if len(todo.nothing) > 1 else ""
        typer.echo(f"nothing to search in {todo.nothing[0]}{others}: their settings are published")
    cost = sum(job.seconds for job in todo.jobs)
    typer.echo(
        f"{len(todo.contests)} cells to search, {todo.done} already searched; "
        f"at most about {duration(cost)} on one core"
    )
