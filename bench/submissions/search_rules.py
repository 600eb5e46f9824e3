"""What one search must be, and what all searches of a submission must share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.records import search_store
from bench.records.json_file import CorruptRecord
from bench.records.paths import place, search_path
from bench.records.record import ScoreInfo
from bench.records.search import FIRST_SEED, Candidate, Search, rungs
from bench.records.search_space import contains, draws, search_space, searched
from bench.submissions import machine_rules
from bench.submissions.canaries import TRAINED
from bench.submissions.problem import Problem
from bench.submissions.ranges import FASTEST, SLOWEST, ranges, within_range
from bench.submissions.record_rules import name_problems

Curve = tuple[tuple[float | None, ...], ...]
"""The scores of all seeds at every evaluation."""


def problems(file: Path, found: Search) -> list[Problem]:
    """Every problem of one search by itself."""
    every = [Problem(str(file), "place", text) for text in _of_place(file, found)]
    try:
        every += [Problem(str(file), "search", text) for text in _of_search(file, found)]
        every += [Problem(str(file), "name", text) for text in name_problems(found.origin)]
        if found.provenance is not None:
            every += machine_rules.problems(file, registry.task(found.task), found.provenance)
    except ValueError as error:  # an unknown task or strategy, or a conflict
        every.append(Problem(str(file), "name", str(error)))
    return every


def _of_place(file: Path, found: Search) -> Iterator[str]:
    if found.protocol_version != PROTOCOL_VERSION:
        yield f"protocol {found.protocol_version}, not {PROTOCOL_VERSION}"
    protocol, name, *_ = place(file)
    home = search_path(Path(protocol, name), found.origin)
    if Path(*place(file)) != home or protocol != found.protocol_version:
        yield f"belongs at {found.protocol_version}/<name>/{'/'.join(home.parts[2:])}"


def _of_search(file: Path, found: Search) -> Iterator[str]:
    cell = found.origin
    task = registry.task(found.task)
    within = search_space(cell)
    if found.cell != cell.name or found.domain != task.domain:
        yield f"the cell of this strategy is {cell.name}, its domain {task.domain}"
    if not search_store.current(found):
        yield "made by other code, settings or data than this checkout's: run again"
    if found.score_info != ScoreInfo.of(task):
        yield "its score is not the task's"
    if found.space == within:
        yield from _of_candidates(found)
        yield from _of_curves(file, found)
    else:
        yield "its space is not the one that the strategies declare"


def _of_candidates(found: Search) -> Iterator[str]:
    cell = found.origin
    within, candidates = search_space(cell), found.candidates
    if found.seeds != list(range(FIRST_SEED, FIRST_SEED + len(found.seeds))):
        yield f"its seeds must be {FIRST_SEED}, {FIRST_SEED + 1}, ..."
    if [candidate.number for candidate in candidates] != list(range(len(candidates))):
        yield "settings are missing, or given twice"
    if not found.complete:
        yield f"{len(candidates)} of {found.budget} settings have been tried"
    known = [candidate.settings for candidate in candidates]
    if found.searcher == "random":
        if known != list(islice(draws(cell, within), len(known))):
            yield "its settings are not those to be tried for this cell, in their order"
    elif known[:1] != [searched(cell.settings(), within)]:
        yield "its first settings are not the published ones"
    if not all(contains(within, settings) for settings in known):
        yield "settings outside its space were tried"
    if any(known.count(settings) > 1 for settings in known):
        yield "settings were tried twice"
    if found.provenance is None and candidates:
        yield "has no provenance"
    for candidate in found.candidates:
        for text in _of_candidate(found, candidate):
            yield f"settings {candidate.number}: {text}"


def _of_curves(file: Path, found: Search) -> Iterator[str]:
    """Different settings train differently, but for those of a strategy that never acts there."""
    if registry.task(found.task).domain not in TRAINED:
        return
    groups: dict[Curve, list[Candidate]] = defaultdict(list)
    for candidate in found.candidates:
        groups[_curve(candidate)].append(candidate)
    for curve, same in groups.items():
        if len(same) > 1 and len(set(curve)) > 2 and not _of_base(file, found, same):
            yield "different settings have the same curve"
            return


def _curve(candidate: Candidate) -> Curve:
    return tuple(tuple(point.scores) for point in candidate.curve)


def _of_base(file: Path, found: Search, same: list[Candidate]) -> bool:
    """Whether the curve is the base's with the same settings, by the base's search beside."""
    base = Cell(found.task, found.base, updates=found.updates, play=found.play)
    try:
        beside = search_store.read_if_any(search_path(file.parents[1], base))
    except CorruptRecord:
        return False
    if found.strategy is None or beside is None or beside.seeds != found.seeds:
        return False

    def there(candidate: Candidate) -> bool:
        kit = {name: own for name, own in candidate.settings.items() if name in beside.space}
        curves = [_curve(one) for one in beside.candidates if one.settings == kit]
        own = _curve(candidate)
        return any(own[: len(curve)] == curve[: len(own)] for curve in curves)

    return all(map(there, same))


def _of_candidate(found: Search, candidate: Candidate) -> Iterator[str]:
    task = registry.task(found.task)
    _, *marks = task.eval_updates(found.updates or task.updates)
    whole = [task.steps(mark) for mark in marks]
    steps = [point.step for point in candidate.curve]
    if candidate.status == "finished" and steps != whole:
        yield f"its curve does not have the steps {whole}"
    if candidate.status == "stopped":
        if steps != whole[: len(steps)] or len(steps) not in rungs(len(whole)):
            yield "was not stopped where settings are compared"
        if not found.halving or candidate.number == 0:
            yield "was stopped, but only halving may stop, and not the published"
    if len(candidate.curve[0].scores) != len(found.seeds):
        yield "does not have one score for each seed"
    least, most = ranges(task)[task.metrics[0].name]
    scores = [score for point in candidate.curve for score in point.scores if score is not None]
    if not all(within_range(score, least, most) for score in scores):
        yield f"has scores that are not within {least:g} and {most:g}"
    if candidate.seconds < FASTEST * steps[-1]:
        yield f"{steps[-1]} steps take no time"
    if candidate.seconds > SLOWEST * len(found.seeds):
        yield f"took {candidate.seconds:g} seconds: more than a week for each seed"


def unlike(searches: list[tuple[Path, Search]]) -> Iterator[Problem]:
    """Yield problems of searches in one submission that were made by different rules."""
    first: dict[str, tuple[Path, Search]] = {}
    for file, found in searches:
        other, model = first.setdefault(place(file)[1], (file, found))
        for rule, value in found.rules.items():
            if value != model.rules[rule]:
                text = f"{rule} is {value}, but {model.rules[rule]} in {other}"
                yield Problem(str(file), "search", text)
