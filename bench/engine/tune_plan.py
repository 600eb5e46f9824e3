"""From a grid to the settings that are still to be tried, and to those that were chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.engine.plan import Job, Terms, Todo, estimate
from bench.experiment import registry
from bench.experiment.grid import BadGrid, Cell
from bench.experiment.spec import spec_hash
from bench.records import record, search
from bench.records.record import CorruptRecord, ScoreInfo, UnreadableRecord
from bench.records.search import FIRST_SEED, Chosen, Search, Searcher


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


@dataclass
class Plan(Todo):
    """What a grid's searches still need: `done` counts searches, `jobs` are of the class `Try`."""

    nothing: list[str]  # cells in which there is nothing to search

    @property
    def unit(self) -> str:
        """What jobs are."""
        return "settings"

    @property
    def kept(self) -> str:
        """Where their outcomes are written down."""
        return "searches"

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

    `dry_run` changes no file. Raises `UnreadableRecord`, and `BadGrid` if a search was begun under
    other rules, or would not fit in a file.
    """
    jobs: list[Job] = []
    plan = Plan(jobs, done=0, corrupt=[], skipped={}, nothing=[])
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
        blank = _blank(cell, within, rules)
        now = blank
        try:
            found = search.read(path) if path.exists() else None
        except UnreadableRecord:
            raise
        except CorruptRecord as error:
            found = None
            kept = path if dry_run else record.set_aside(path)
            plan.corrupt.append(f"{error} (kept as {kept.name}; the cell is searched again)")
        if found is not None and search.current(found):
            now = _going_on(found, blank, path)
            if now != found and not dry_run:
                search.write(path, now)
        plan.done += now.complete
        jobs += _tries(cell, now, path, estimate(cell, folder, rules.seeds), terms)
    # Longest first; of one cell the published settings, which are never stopped, come first.
    jobs.sort(key=lambda job: -job.seconds)
    return plan


def _going_on(found: Search, blank: Search, path: Path) -> Search:
    """The search under the rules of `blank`, of which only a larger budget may be new."""
    old, new = found.rules, blank.rules
    for rule in new:
        same = len(found.tries) <= blank.budget if rule == "--budget" else new[rule] == old[rule]
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


def _tries(cell: Cell, now: Search, path: Path, cost: float, terms: Terms) -> Iterator[Try]:
    """What is missing. Numbers that are free are given to settings that have not been tried."""
    known, numbers = [tried.settings for tried in now.tries], {tried.number for tried in now.tries}
    untried = (drawn for drawn in search.draws(cell, now.space) if drawn not in known)
    free = (number for number in range(now.budget) if number not in numbers)
    seeds = tuple(now.seeds)
    for number, settings in zip(free, untried, strict=False):
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
        is_open = now.searcher != "random" and number > 0
        yield replace(job.settled(settings), open=is_open)


def _blank(cell: Cell, within: search.Space, rules: Rules) -> Search:
    task = registry.task(cell.task)
    seeds = list(range(FIRST_SEED, FIRST_SEED + rules.seeds))
    most = search.most_settings(cell, rules.seeds)
    if min(rules.budget, search.size(cell, within)) > most:
        raise BadGrid(
            f"{rules.budget} settings of {cell.task}/{cell.name} with {rules.seeds} seeds do not "
            f"fit in one file; at most {most}"
        )
    return Search(
        task=cell.task,
        domain=task.domain,
        base=cell.base,  # type: ignore[arg-type]  # pydantic refuses others
        strategy=str(cell.strategy),
        updates=cell.updates,
        cell=cell.name,
        score_info=ScoreInfo.of(task),
        seeds=seeds,
        budget=rules.budget,
        searcher=rules.searcher,
        halving=rules.halving,
        space=within,
        tries=[],
        spec=search.search_spec(cell, within, seeds),
        provenance=None,
    )


def chosen(cells: Iterable[Cell], folder: Path) -> tuple[list[Cell], list[str]]:
    """The cells with the settings that their searches have chosen, and why others have none.

    Cells in which there is nothing to search stay as they are. Raises `search.NoSearch` if not one
    cell has tuned settings, or if searches were not the same chance for all.
    """
    found: list[Cell] = []
    lacking: list[str] = []
    first: Search | None = None
    for cell in cells:
        if registry.task(cell.task).missing() is not None:
            found.append(cell)  # left out of the run, which says so
            continue
        try:
            settled, by = search.tuned(cell, folder)
        except (search.NoSearch, CorruptRecord) as error:
            lacking.append(str(error))
            continue
        found.append(settled)
        if by is None:
            continue
        first = first or by
        for rule, value in by.rules.items():
            if value != first.rules[rule]:
                raise search.NoSearch(
                    f"the search of {first.task}/{first.cell} was made with "
                    f"{_option(rule, first.rules[rule])}, that of {by.task}/{by.cell} with "
                    f"{_option(rule, value)}; run `python -m bench tune` for the whole grid"
                )
    if first is None:
        why = lacking[0] if lacking else "there is nothing to search in this grid"
        raise search.NoSearch(
            f"{why}; run `python -m bench tune` with the same grid and --name first"
        )
    return found, lacking
