"""`tune` searches settings: as many for every strategy, on seeds that no result uses."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.errors import bad_input, need_optuna, writable
from bench.cli.execute import carry_out, count, report_skipped, warn
from bench.cli.options import GridOptions, with_grid_options

if TYPE_CHECKING:
    from bench.engine.tune_plan import SearchPlan


class Searcher(StrEnum):
    """What chooses the settings that are tried next."""

    random = "random"
    optuna = "optuna"


@with_grid_options
def tune(
    shared: GridOptions,
    budget: Annotated[
        int, typer.Option(min=1, max=100, help="settings to try per cell, the published first")
    ],
    seeds: Annotated[int, typer.Option(min=1, max=100, help="seeds of each, 1000 to 999+N")] = 3,
    searcher: Annotated[
        Searcher,
        typer.Option(help="random: those nearest the published first; or Ray Tune's Optuna"),
    ] = Searcher.random,
    halving: Annotated[
        bool, typer.Option(help="stop settings that fall behind those of the same cell (ASHA)")
    ] = True,
) -> None:
    """Search settings for a grid's bases and strategies by Ray Tune, for `run --settings tuned`.

    What has been tried is stored beside the records and not tried again; with a larger --budget the
    search continues. Exit codes as for `run`.
    """
    if searcher is Searcher.optuna:
        need_optuna()
    folder = shared.prepare()
    from bench.engine import plan, tune_plan, tune_results

    rules = tune_plan.Rules(budget, seeds, searcher.value, halving)
    options = shared.run_options()
    with bad_input():
        wanted = shared.chosen_grid(None).cells()
        plan.check(wanted, 1)

    make_plan = partial(tune_plan.plan_searches, wanted, folder, rules, options)
    if shared.dry_run:
        with bad_input():
            _announce(make_plan(dry_run=True))
        return
    writable(folder)
    engine = shared.ray(keep=tune_results.SearchWriter())
    done = carry_out(make_plan, _announce, folder, engine)
    report_skipped(done, "all other searches are complete")
    typer.echo(f"all searches are complete in {folder}")


def _announce(plan: SearchPlan) -> None:
    from bench.engine.status_file import duration

    warn(plan)
    for label, jobs in plan.searches.items():
        cost = sum(job.seconds for job in jobs)
        typer.echo(
            f"to search {label}: {len(jobs)} settings, {count(jobs[0].seeds)} each, "
            f"at most about {duration(cost)}"
        )
    if plan.nothing:
        others = f" and {len(plan.nothing) - 1} more" if len(plan.nothing) > 1 else ""
        typer.echo(f"nothing to search in {plan.nothing[0]}{others}: their settings are published")
    cost = sum(job.seconds for job in plan.jobs)
    typer.echo(
        f"{len(plan.searches)} cells to search, {plan.done} already searched; "
        f"at most about {duration(cost)} on one core"
    )
