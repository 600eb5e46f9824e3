"""From a grid to the settings that are still to be tried, and from trials to searches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from bench import record, registry, search
from bench.cells import Job, Terms, Todo, estimate
from bench.grid import Cell, spec_hash
from bench.record import Attempt, CorruptRecord, ScoreInfo, UnreadableRecord
from bench.search import FIRST_SEED, Chosen, Point, Search, Tried, median, merit
from bench.trial import Made

Searcher = Literal["random", "optuna"]


@dataclass(frozen=True)
class Rules:
    """The same for every cell that is searched."""

    budget: int  # settings for each cell, the published ones among them
    seeds: int = 3
    searcher: Searcher = "random"
    halving: bool = True  # whether settings that fall behind are stopped


@dataclass(frozen=True, kw_only=True)
class Try(Job):
    """One combination of settings of one cell, and the search file in which it belongs.

    `cell` has the settings and their number as its variant. `open` means that a searcher decides
    on them when their turn comes; until then they are the published ones.
    """

    number: int
    search: Search  # as it was planned: with what had been tried before
    open: bool = False

    @property
    def steps(self) -> int:
        """The whole of training, in the task's unit."""
        task = registry.task(self.cell.task)
        return (self.cell.updates or task.updates) * task.steps_per_update

    @property
    def contest(self) -> str:
        """What it competes in: the label of the cell that is searched."""
        return f"{self.cell.task}/{self.cell.published.name}"

    def settled(self, settings: Chosen) -> Try:
        """The same with these settings, once and for all."""
        cell = self.cell.varied(str(self.number), settings)
        return replace(self, cell=cell, spec=spec_hash(cell), open=False)


@dataclass(frozen=True)
class Stopped:
    """What is known of a trial that was stopped because others are ahead."""

    curve: list[Point]
    seconds: float


@dataclass
class Plan(Todo):
    """What a grid's searches still need: `done` counts searches, `jobs` are of the class `Try`."""

    nothing: list[str]  # cells in which there is nothing to search

    @property
    def contests(self) -> dict[str, list[Try]]:
        """The jobs of each search."""
        found: dict[str, list[Try]] = {}
        for job in self.jobs:
            assert isinstance(job, Try)
            found.setdefault(job.contest, []).append(job)
        return found


def missing(
    cells: Iterable[Cell], folder: Path, rules: Rules, terms: Terms, *, dry_run: bool = False
) -> Plan:
    """Every cell's settings minus those that have been tried; corrupt searches are set aside.

    A search with another budget goes on, or counts no more of its settings than the budget says.
    `dry_run` changes no file. Raises `UnreadableRecord`.
    """
    jobs: list[Job] = []
    plan = Plan(jobs, done=0, corrupt=[], skipped={}, nothing=[])
    seeds = tuple(range(FIRST_SEED, FIRST_SEED + rules.seeds))
    for cell in cells:
        within = search.space(cell)
        if not within:
            plan.nothing.append(f"{cell.task}/{cell.name}")
            continue
        lack = registry.task(cell.task).missing()
        if lack is not None:
            plan.skipped[cell.task] = lack
            continue
        path = search.path(folder, cell)
        blank = _blank(cell, within, seeds, rules)
        try:
            found = search.valid(path, blank.spec)
        except UnreadableRecord:
            raise
        except CorruptRecord as error:
            found = None
            kept = path if dry_run else record.set_aside(path)
            plan.corrupt.append(f"{error} (kept as {kept.name}; the cell is searched again)")
        now = blank if found is None else _under(found, rules)
        if found is not None and now != found and not dry_run:
            search.write(path, now)
        plan.done += now.complete
        have = {tried.number for tried in now.counted}
        cost = estimate(cell, folder, rules.seeds)
        for number, settings in enumerate(islice(search.draws(cell, within), rules.budget)):
            if number not in have:
                job = Try(
                    cell=cell,
                    seeds=seeds,
                    planned=seeds,
                    path=path,
                    seconds=cost,
                    spec="",
                    terms=terms,
                    number=number,
                    search=now,
                )
                job = job.settled(settings)
                jobs.append(replace(job, open=rules.searcher != "random" and number > 0))
    # Longest first; of one cell the published settings, which are never stopped, come first.
    jobs.sort(key=lambda job: -job.seconds)
    return plan


def _blank(cell: Cell, within: search.Space, seeds: tuple[int, ...], rules: Rules) -> Search:
    task = registry.task(cell.task)
    return Search(
        task=cell.task,
        domain=task.domain,
        base=cell.base,  # type: ignore[arg-type]  # pydantic refuses others
        strategy=str(cell.strategy),
        updates=cell.updates,
        cell=cell.name,
        score_info=ScoreInfo.of(task),
        seeds=list(seeds),
        budget=rules.budget,
        searcher=rules.searcher,
        halving=rules.halving,
        space=within,
        tries=[],
        spec=search.search_spec(cell, within, seeds),
        provenance=None,
    )


def _under(found: Search, rules: Rules) -> Search:
    update = {
        "budget": rules.budget,
        "searcher": rules.searcher,
        "halving": rules.halving,
    }
    return found.model_copy(update=update)


def chosen(cells: Iterable[Cell], folder: Path) -> list[Cell]:
    """The cells with the settings that their searches have chosen, all with the same budget.

    Cells in which there is nothing to search stay as they are. Raises `search.NoSearch`.
    """
    found: list[Cell] = []
    lacking: list[str] = []
    budgets: dict[int, str] = {}
    for cell in cells:
        if registry.task(cell.task).missing() is not None:
            found.append(cell)  # left out of the run, which says so
            continue
        try:
            settled, by = search.tuned(cell, folder)
        except search.NoSearch as error:
            lacking.append(str(error))
            continue
        found.append(settled)
        if by is not None:
            budgets.setdefault(by.budget, f"{cell.task}/{cell.name}")
    if lacking:
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        raise search.NoSearch(
            f"{lacking[0]}{more}; run `python -m bench tune` with the same grid and --name first"
        )
    if len(budgets) > 1:
        some = " and ".join(f"{label} {budget}" for budget, label in sorted(budgets.items())[:2])
        raise search.NoSearch(
            f"searches differ in how many settings they tried, {some}; run `python -m bench tune` "
            f"with one --budget for the whole grid first"
        )
    return found


def keep(job: Try, made: Made | Stopped, attempts: list[Attempt]) -> str:
    """Add to the job's search what its settings gave; a line on it. Raises `OSError`."""
    try:
        found = search.valid(job.path, job.search.spec)
    except UnreadableRecord:
        raise
    except CorruptRecord:  # broken since the job was planned
        record.set_aside(job.path)
        found = None
    tried = _tried(job, made, attempts)
    now = found or job.search.model_copy(update={"tries": []})
    others = [other for other in now.tries if other.number != tried.number]
    update: dict[str, Any] = {
        "tries": sorted([*others, tried], key=lambda one: one.number),
    }
    if isinstance(made, Made):
        origin = made.record.provenance
        update["provenance"] = origin.model_copy(update={"spec": now.spec})
    search.write(job.path, now.model_copy(update=update))
    return _line(job, tried)


def current(job: Try) -> Search:
    """The job's search as it stands now."""
    try:
        return search.valid(job.path, job.search.spec) or job.search
    except CorruptRecord:
        return job.search


def axes(space: search.Space) -> dict[str, int]:
    """Every searched setting, "strategy.setting", and how many values it may take."""
    return {f"{name}.{key}": len(own[key]) for name, own in space.items() for key in own}


def at(space: search.Space, places: dict[str, int]) -> Chosen:
    """The settings whose values stand at these places."""
    return {
        name: {key: values[places[f"{name}.{key}"]] for key, values in own.items()}
        for name, own in space.items()
    }


def evaluated(found: Search) -> list[tuple[dict[str, int], float]]:
    """The places of what was tried, and the merit of the last that is known of it.

    Without published settings that are no values of the space.
    """
    known = []
    for tried in found.tries:
        try:
            places = {
                f"{name}.{key}": values.index(tried.settings[name][key])
                for name, own in found.space.items()
                for key, values in own.items()
            }
        except ValueError:
            continue
        last = median(found.score_info, tried.scores) if tried.scores else tried.curve[-1].score
        known.append((places, merit(found.score_info, last)))
    return known


def _tried(job: Try, made: Made | Stopped, attempts: list[Attempt]) -> Tried:
    settings = search.searched(job.cell.settings(), job.search.space)
    if isinstance(made, Stopped):
        return Tried(
            number=job.number,
            settings=settings,
            status="stopped",
            curve=made.curve,
            scores=[],
            seconds=round(made.seconds, 3),
            attempts=attempts,
        )
    results, info = made.record.seeds, made.record.score_info
    steps = [point.step for point in results[0].curve]
    curve = [
        Point(
            step=step,
            score=median(info, [seed.curve[index].metrics[info.metric] for seed in results]),
        )
        for index, step in enumerate(steps)
        if step
    ]
    return Tried(
        number=job.number,
        settings=settings,
        status="finished",
        curve=curve,
        scores=[seed.score if seed.status == "ok" else None for seed in results],
        seconds=round(sum(made.record.seconds.values()), 3),
        attempts=attempts,
    )


def _line(job: Try, tried: Tried) -> str:
    what = f"{job.label} ({text(tried.settings)})"
    info = job.search.score_info
    if tried.status == "stopped":
        return f"{what}: stopped at step {tried.curve[-1].step}, others are ahead"
    score = median(info, tried.scores)
    said = "failed" if score is None else f"{info.metric} {score:.4g}"
    return f"{what}: {said} (median of {len(tried.scores)}), {tried.seconds:.0f} s"


def text(settings: Chosen) -> str:
    """Settings in a few words: "gamma 10", or with the strategies' names if there are several."""
    many = len(settings) > 1
    return ", ".join(
        f"{name}.{key} {value:g}" if many else f"{key} {value:g}"
        for name, own in sorted(settings.items())
        for key, value in sorted(own.items())
    )
