"""Runs a grid look by look: ten seeds of every cell, then more where a verdict is open.

What is open follows from the records alone, so a run that was killed goes on where it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bench.cli.errors import bad_input, fail, warning
from bench.cli.execute import carry_out, count, plural, warn

if TYPE_CHECKING:
    from bench.engine.plan import RunOptions, RunPlan
    from bench.experiment.cell import Cell
    from bench.report.findings import Study


@dataclass(frozen=True)
class Adaptive:
    """A grid's cells, the submission's folder, and how cells are run."""

    cells: Sequence[Cell]
    folder: Path
    options: RunOptions
    lacking: Sequence[str] = ()  # why cells of the grid are not among these

    def run(self, engine: dict[str, Any] | None) -> RunPlan:
        """Carry out all looks; return the first one's plan, which is of all cells.

        Exits with an error unless all jobs have outcomes.
        """
        self._warn()
        from bench.report.looks import LOOKS

        first: RunPlan | None = None
        for number, look in enumerate(LOOKS):
            wanted = self.wanted(number)
            announce = partial(_announce, name=f"look {number + 1} of {len(LOOKS)}")
            done = carry_out(partial(self._plan, wanted), announce, self.folder, engine)
            if number and any(job.replaces for job in done.jobs):
                return self.run(engine)  # what earlier looks decided may be otherwise now
            first = first or done
            first.skipped |= done.skipped
            typer.echo(f"{look.seeds} seeds: {self.decided(number + 1)}")
        assert first is not None
        return first

    def dry_run(self) -> None:
        """Print what the next look runs, and what all looks cost at least and at most."""
        from bench.engine.status_file import duration
        from bench.report.looks import LOOKS

        self._warn()
        plans: list[RunPlan] = []
        with bad_input():
            for number, look in enumerate(LOOKS):
                wanted = self.wanted(number)
                plan = self._plan(wanted, dry_run=True)
                plans.append(plan)
                if plan.jobs or number + 1 == len(LOOKS):
                    _announce(plan, name=f"look {number + 1} of {len(LOOKS)}")
                    break
                typer.echo(f"{look.seeds} seeds: {self.decided(number + 1)}")
            last = {
                cell: LOOKS[-1].seeds
                if cell.strategy is not None and counted(cell) and seeds == look.seeds
                else seeds
                for cell, seeds in wanted.items()
            }
            most = self._plan(last, dry_run=True)
        least, highest = (sum(job.seconds for job in p.jobs) for p in (plans[-1], most))
        typer.echo(
            f"at least {duration(least)}, if this look decides everything; at most "
            f"{duration(max(least, highest))}, if it decides nothing (on one core)"
        )

    def wanted(self, number: int) -> dict[Cell, int]:
        """The cells and their numbers of seeds: those of the first look, and more where open.

        Cells of tasks that no verdict counts, and of single players and other orders of play, have
        the seeds of the first look; so have these tasks' bases.
        """
        from bench.experiment.protocol import BASE_SEEDS
        from bench.report.looks import LOOKS

        first = {
            cell: BASE_SEEDS if cell.strategy is None and counted(cell) else LOOKS[0].seeds
            for cell in self.cells
        }
        if number == 0:
            return first
        still = open_cells(self._study(number))
        return first | {
            cell: LOOKS[number].seeds
            for cell in self.cells
            if cell.strategy is not None and (cell.task, cell.name) in still
        }

    def decided(self, looks: int) -> str:
        """What so many looks have decided, in words."""
        study, parts = self._study(looks), []
        for domain in ("gan", "rl"):
            states = Counter(
                part.decision.state
                for rows in study.findings.values()
                for row in rows
                if row.expected is None
                and (part := row.domains[domain]).decision is not None
                and not row.stands_in(domain)
            )
            if states:
                known = sum(count for state, count in states.items() if state != "undetermined")
                each = ", ".join(f"{n} {state}" for state, n in sorted(states.items()))
                parts.append(f"{domain.upper()} {known} of {states.total()} decided ({each})")
        apart = sum(
            bool(key.label) and view.ground(cell) is None
            for view in study.tasks
            for key, cell in view.cells.items()
        )
        if apart:
            parts.append(f"{plural(apart, 'cell')} without a base to compare with decide nothing")
        return "; ".join(parts) or "nothing here has a verdict"

    def _study(self, looks: int) -> Study:
        """The findings of the present records after so many looks."""
        from bench.experiment.spec import spec_hash
        from bench.records import store
        from bench.records.json_file import CorruptRecord
        from bench.records.paths import record_path
        from bench.report.findings import study
        from bench.report.grounds import Grounds, PlaceboMoved, check_placebos

        records = []
        for cell in self.cells:
            try:
                record = store.valid(record_path(self.folder, cell), spec_hash(cell))
            except CorruptRecord:
                continue  # it runs again
            if record is not None:
                records.append(record)
        grounds = Grounds.of([(record, self.folder.name) for record in records], records)
        try:
            check_placebos(records, grounds)
        except PlaceboMoved as moved:
            fail(str(moved))
        return study(records, grounds=grounds, most_looks=looks)

    def _warn(self) -> None:
        for why in self.lacking:
            warning(f"skipping a cell: {why}")

    def _plan(self, wanted: dict[Cell, int], *, dry_run: bool) -> RunPlan:
        """One plan for cells with unlike numbers of seeds."""
        from bench.engine.plan import plan_seeds

        return plan_seeds(wanted, self.folder, self.options, dry_run=dry_run)


def counted(cell: Cell) -> bool:
    """Whether a verdict counts the cell's task."""
    from bench.experiment import registry
    from bench.report.findings import counted_tasks

    return cell.task in counted_tasks(registry.task(cell.task).domain)


def open_cells(study: Study) -> set[tuple[str, str]]:
    """Task and name of the cells of every row that is undetermined in their domain."""
    found = set()
    for base, rows in study.findings.items():
        cells = study.rows(base)
        for row in rows:
            for part in row.domains.values():
                if part.decision is None or part.decision.state != "undetermined":
                    continue
                for view in study.tasks:
                    if part.effect and view.name in part.effect.tasks:
                        key = view.key(base, cells[row.label])
                        found.add((view.name, view.cells[key].record.cell))
    return found


def _announce(plan: RunPlan, *, name: str) -> None:
    from bench.engine.status_file import duration

    warn(plan)
    for job in plan.jobs:
        typer.echo(f"to run {job.label}: {count(job.seeds)}, about {duration(job.seconds)}")
    cells = len({job.label for job in plan.jobs})
    cost = duration(sum(job.seconds for job in plan.jobs))
    typer.echo(
        f"{name}: {plural(cells, 'cell')} to run, {plan.done} already have their seeds; "
        f"about {cost} on one core"
    )
