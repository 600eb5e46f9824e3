"""From a grid to the candidates still to be tried, and to the settings that searches chose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from bench.engine.plan import Job, RunOptions, RunPlan, estimate
from bench.experiment import registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.spec import spec_hash
from bench.records import search_store
from bench.records.json_file import CorruptRecord
from bench.records.paths import search_path
from bench.records.record import ScoreInfo
from bench.records.search import (
    FIRST_SEED,
    Search,
    Searcher,
    SearchEvaluation,
    objectives,
)
from bench.records.search_space import Choice, Space, draws, search_space, size
from bench.records.search_store import NoSearch


@dataclass(frozen=True)
class Rules:
    """The rules of searching, which are the same for every cell."""

    budget: int  # candidates of each cell, including the published settings
    seeds: int = 3
    searcher: Searcher = "random"
    halving: bool = True  # whether candidates that fall behind are stopped


@dataclass(frozen=True, kw_only=True)
class SearchJob(Job):
    """One candidate of a cell's search; `path` is the search file.

    `cell` has the candidate's settings, and its number as variant. `open` means that a searcher
    chooses the settings when the job is handed out; until then they are placeholders.
    """

    number: int
    search: Search  # when it was planned: with the candidates tried before

    @property
    def steps(self) -> int:
        """The length of training, in the task's unit of steps."""
        task = registry.task(self.cell.task)
        return task.steps(self.cell.updates or task.updates)

    @property
    def search_id(self) -> str:
        """The label of the cell that is searched, which identifies the search."""
        return f"{self.cell.task}/{self.cell.published.name}"

    @property
    def halving_id(self) -> str | None:
        """Its search, or None if the search is made without halving."""
        return self.search_id if self.search.halving else None

    def earlier_objectives(self) -> dict[int, list[float]]:
        """Return number -> objectives of the candidates that had been tried when it was planned."""
        info = self.search.score_info
        return {c.number: c.objectives(info) for c in self.search.candidates}

    def evaluation_report(
        self, step: int, scores: Sequence[float], earlier: Sequence[dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Return objective and scores of an evaluation; None before training and at its end.

        The last evaluation is part of the trial's result.
        """
        if not 0 < step < self.steps:
            return None
        now = SearchEvaluation.of(step, scores)
        curve = [*(report["scores"] for report in earlier), now]
        return {"objective": objectives(self.search.score_info, curve)[-1], "scores": now}

    def settled(self, settings: Choice) -> SearchJob:
        """Return the job with these settings, and the spec hash that they have."""
        cell = self.cell.varied(str(self.number), settings)
        return replace(self, cell=cell, spec=spec_hash(cell), open=False)


@dataclass
class SearchPlan(RunPlan):
    """The jobs that a grid's searches still need: `done` counts complete searches."""

    nothing: list[str]  # cells in which there is nothing to search

    @property
    def unit(self) -> str:
        """What to call jobs."""
        return "settings"

    @property
    def kept(self) -> str:
        """What to call the files with their outcomes."""
        return "searches"

    @property
    def searches(self) -> dict[str, list[SearchJob]]:
        """The jobs of each search."""
        found: dict[str, list[SearchJob]] = {}
        for job in cast(list[SearchJob], self.jobs):
            found.setdefault(job.search_id, []).append(job)
        return found


def plan_searches(
    cells: Iterable[Cell], folder: Path, rules: Rules, options: RunOptions, *, dry_run: bool = False
) -> SearchPlan:
    """Return the jobs for all candidates of the cells that have not been tried.

    Corrupt search files are renamed and count as missing; a larger budget is written to the file.
    `dry_run` changes no file. Raises `UnreadableRecord`, and `BadGrid` if a search was begun under
    other rules, or would not fit in a file.
    """
    jobs: list[Job] = []
    plan = SearchPlan(jobs, done=0, corrupt=[], skipped={}, nothing=[])
    for cell in cells:
        within = search_space(cell)
        if not within:
            plan.nothing.append(f"{cell.task}/{cell.name}")
            continue
        lack = registry.task(cell.task).missing()
        if lack is not None:
            plan.skipped[cell.task] = lack
            continue
        path = search_path(folder, cell)
        blank = _blank(cell, within, rules)
        now = blank
        read = partial(search_store.read_if_any, path)
        found = plan.read(read, path, "the cell is searched again", dry_run)
        if found is not None and search_store.current(found):
            now = _going_on(found, blank, path)
            if now != found and not dry_run:
                search_store.write(path, now)
        plan.done += now.complete
        jobs += _search_jobs(cell, now, path, estimate(cell, folder, rules.seeds), options)
    # Longest first; the sort is stable, so of each cell the published settings come first.
    jobs.sort(key=lambda job: -job.seconds)
    return plan


def _going_on(found: Search, blank: Search, path: Path) -> Search:
    """Return the search with the budget of `blank`. Raises `BadGrid` if other rules differ.

    The budget may not be smaller than the number of candidates already tried.
    """
    old, new = found.rules, blank.rules
    for rule in new:
        same = (
            len(found.candidates) <= blank.budget if rule == "--budget" else new[rule] == old[rule]
        )
        if not same:
            raise BadGrid(
                f"{path} was made with {_option(rule, old[rule])}, not {_option(rule, new[rule])}; "
                f"searches of one submission share their rules, so keep to it or give another "
                f"--name"
            )
    return found.model_copy(update={"budget": blank.budget})


def _option(rule: str, value: object) -> str:
    if isinstance(value, bool):
        return rule if value else rule.replace("--", "--no-")
    return f"{rule} {value}"


def _search_jobs(
    cell: Cell, now: Search, path: Path, cost: float, options: RunOptions
) -> Iterator[SearchJob]:
    """Yield a job for each free number below the budget, with settings that were not tried."""
    known, numbers = (
        [candidate.settings for candidate in now.candidates],
        {candidate.number for candidate in now.candidates},
    )
    untried = (drawn for drawn in draws(cell, now.space) if drawn not in known)
    free = (number for number in range(now.budget) if number not in numbers)
    seeds = tuple(now.seeds)
    for number, settings in zip(free, untried, strict=False):
        job = SearchJob(
            cell=cell,
            seeds=seeds,
            planned=seeds,
            path=path,
            seconds=cost,
            spec="",
            options=options,
            number=number,
            search=now,
        )
        is_open = now.searcher != "random" and number > 0
        yield replace(job.settled(settings), open=is_open)


def _blank(cell: Cell, within: Space, rules: Rules) -> Search:
    """Return a search without candidates. Raises `BadGrid` if it would not fit in a file."""
    task = registry.task(cell.task)
    seeds = list(range(FIRST_SEED, FIRST_SEED + rules.seeds))
    most = search_store.most_candidates(cell, rules.seeds)
    if min(rules.budget, size(within)) > most:
        raise BadGrid(
            f"{rules.budget} settings of {cell.task}/{cell.name} with {rules.seeds} seeds do not "
            f"fit in one file; at most {most}"
        )
    return Search(
        task=cell.task,
        domain=task.domain,
        base=cell.base,  # type: ignore[arg-type]  # pydantic rejects others
        strategy=cell.strategy,
        instead_of=cell.instead_of,
        updates=cell.updates,
        play=cell.play,
        cell=cell.name,
        score_info=ScoreInfo.of(task),
        seeds=seeds,
        budget=rules.budget,
        searcher=rules.searcher,
        halving=rules.halving,
        space=within,
        candidates=[],
        spec=search_store.search_spec(cell, within, seeds),
        provenance=None,
    )


def chosen(cells: Iterable[Cell], folder: Path) -> tuple[list[Cell], list[str]]:
    """Return the cells with the settings that their searches chose, and why others have none.

    Cells with nothing to search are returned unchanged, and bases with both settings: controls are
    compared with the published ones. Raises `NoSearch` if no cell has tuned settings, or if the
    searches were made by different rules.
    """
    found: list[Cell] = []
    lacking: list[str] = []
    first: Search | None = None
    for cell in cells:
        if registry.task(cell.task).missing() is not None:
            found.append(cell)  # `plan_jobs` skips it, with a warning
            continue
        try:
            settled, by = search_store.tuned(cell, folder)
        except (NoSearch, CorruptRecord) as error:
            lacking.append(str(error))
            if cell.strategy is None:
                found.append(cell)
            continue
        found += [cell, settled] if by is not None and cell.strategy is None else [settled]
        if by is None:
            continue
        first = first or by
        for rule, value in by.rules.items():
            if value != first.rules[rule]:
                raise NoSearch(
                    f"the search of {first.task}/{first.cell} was made with "
                    f"{_option(rule, first.rules[rule])}, that of {by.task}/{by.cell} with "
                    f"{_option(rule, value)}; run `python -m bench tune` for the whole grid"
                )
    if first is None:
        why = lacking[0] if lacking else "there is nothing to search in this grid"
        raise NoSearch(f"{why}; run `python -m bench tune` with the same grid and --name first")
    return found, lacking
