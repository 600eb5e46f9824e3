"""Validates a folder of records and searches; files are parsed as data, never executed."""

from __future__ import annotations

import math
import os
import stat
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bench.experiment import play, registry
from bench.experiment.cell import Cell
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.experiment.spec import spec_hash
from bench.learner.task import Task, diagnostics
from bench.records import search_store
from bench.records.json_file import CorruptRecord
from bench.records.outcomes import FULL_SEEDS, outcome, summarise, watched
from bench.records.paths import SEARCH_SUFFIX, place, search_path
from bench.records.record import Record, ScoreInfo, SeedResult
from bench.records.search import FIRST_SEED, Candidate, Search, rungs
from bench.records.search_space import contains, draws, search_space, searched
from bench.records.store import Found, walk


class NothingToCheck(ValueError):
    """A path that does not exist or holds no records."""


def validate(path: Path) -> tuple[int, list[str]]:
    """Return the number of files checked below a folder, and one line for every problem.

    Raises `NothingToCheck` if the path does not exist or holds no record.
    """
    if not path.exists():
        raise NothingToCheck(f"{path} does not exist; give a folder of records")
    searches = (
        list(search_store.walk(path, follow=False))
        if path.is_dir() or path.name.endswith(SEARCH_SUFFIX)
        else []
    )
    found = [] if path.name.endswith(SEARCH_SUFFIX) else list(walk(path, follow=False))
    problems = [f"{stray}: {why}" for stray, why in _strays(path)]
    if not found and not searches and not problems:
        raise NothingToCheck(f"{path} holds no records (*.json); run `python -m bench run` first")
    for item in found:
        if isinstance(item, CorruptRecord):
            problems.append(str(item))
        else:
            problems += [f"{item.path}: {text}" for text in _problems(item)]
    for file, one in searches:
        if isinstance(one, CorruptRecord):
            problems.append(str(one))
        else:
            problems += [f"{file}: {text}" for text in _search_problems(file, one)]
    problems += _unlike([(file, one) for file, one in searches if isinstance(one, Search)])
    return len(found) + len(searches), problems + _duplicated(
        [f for f in found if isinstance(f, Found)]
    )


def _strays(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield what is no record, outside the folders `actors` and `logs` of a results folder."""
    inside = sorted(path.rglob("*")) if path.is_dir() else [path]
    if (path / PROTOCOL_VERSION).is_dir():
        inside = [p for p in inside if not {path / "actors", path / "logs"} & {*p.parents}]
    for stray in inside:
        mode = stray.lstat().st_mode
        if stat.S_ISLNK(mode):
            yield stray, "a link, of which a submission has none; validate what it leads to"
        elif stat.S_ISDIR(mode):
            continue
        elif not stat.S_ISREG(mode):
            yield stray, "no plain file; a submission holds nothing else"
        elif stray.suffix != ".json":
            yield stray, "not a record; a submission holds nothing else"
        elif mode & 0o111:
            yield stray, "executable; take that mode away"
        elif place(stray)[0] == PROTOCOL_VERSION and len(_below(path, stray)) != len(PLACE):
            # Its last parts are those of a record, in a folder of its own.
            yield stray, f"belongs at {'/'.join(PLACE)}"


PLACE = (PROTOCOL_VERSION, "<name>", "<task>", "<cell>.json")
"""Where a record lies below a results folder."""


def _below(path: Path, inside: Path) -> tuple[str, ...]:
    """Return the parts of a path below the results folder that a validated path is in, or is."""
    parts = Path(os.path.abspath(path)).parts
    last = max((i for i, part in enumerate(parts) if part == PROTOCOL_VERSION), default=len(parts))
    return Path(os.path.abspath(inside)).parts[last:]


def _problems(found: Found) -> list[str]:
    record, path = found.record, found.path
    cell, problems = record.origin, []
    if record.protocol_version != PROTOCOL_VERSION:
        problems.append(f"protocol {record.protocol_version}, not {PROTOCOL_VERSION}")
    protocol, _, task, name = place(path)
    if (protocol, task, name) != (record.protocol_version, record.task, f"{record.cell}.json"):
        home = f"{record.protocol_version}/<name>/{record.task}/{record.cell}.json"
        problems.append(f"belongs at {home}")
    if record.planned_seeds != list(range(len(record.planned_seeds))):
        problems.append(f"its seeds must be 0 to {len(record.planned_seeds) - 1}")
    absent = sorted(set(record.planned_seeds) - {result.seed for result in record.seeds})
    if absent:
        problems.append(f"planned seeds without an outcome: {', '.join(map(str, absent))}")
    try:
        if cell.name != record.cell or cell.contrast != record.contrast:
            problems.append(f"the cell of these strategies is {cell.contrast}: {cell.name}")
        problems += _combination_problems(cell)
        if record.settings_from == "tuned":
            why = search_store.unchosen(found)
            problems += [why] if why else []
        elif record.settings != cell.settings():
            problems.append("the settings are not the published ones")
        if spec_hash(cell) != record.provenance.spec:
            problems.append("made by other code, settings or data than this checkout's: run again")
        problems += _against_task(record)
    except ValueError as error:  # an unknown task or strategy, or a conflict
        problems.append(str(error))
    for result in record.seeds:
        problems += [f"seed {result.seed}: {text}" for text in _seed_problems(record, result)]
    return problems


def _search_problems(file: Path, found: Search) -> list[str]:
    cell, problems = found.origin, []
    if found.protocol_version != PROTOCOL_VERSION:
        problems.append(f"protocol {found.protocol_version}, not {PROTOCOL_VERSION}")
    protocol, name, *_ = place(file)
    home = search_path(Path(protocol, name), cell)
    if Path(*place(file)) != home or protocol != found.protocol_version:
        problems.append(f"belongs at {found.protocol_version}/<name>/{'/'.join(home.parts[2:])}")
    try:
        task = registry.task(found.task)
        within = search_space(cell)
        if found.cell != cell.name or found.domain != task.domain:
            problems.append(f"the cell of this strategy is {cell.name}, its domain {task.domain}")
        if not search_store.current(found):
            problems.append("made by other code, settings or data than this checkout's: run again")
        if found.score_info != ScoreInfo.of(task):
            problems.append("its score is not the task's")
        if found.space == within:
            problems += _candidate_list_problems(found)
        else:
            problems.append("its space is not the one that the strategies declare")
        problems += _combination_problems(cell)
    except ValueError as error:  # an unknown task or strategy, or a conflict
        problems.append(str(error))
    return problems


def _combination_problems(cell: Cell) -> list[str]:
    """Return why the cell is no cell of a grid. Raises ValueError for a wrong combination."""
    cell.published.learner()
    order = play.normal(cell.play, registry.task(cell.task))
    return [f"its order of play is {order or play.GIVEN!r}"] if order != cell.play else []


def _candidate_list_problems(found: Search) -> list[str]:
    problems = []
    cell = found.origin
    within, candidates = search_space(cell), found.candidates
    if found.seeds != list(range(FIRST_SEED, FIRST_SEED + len(found.seeds))):
        problems.append(f"its seeds must be {FIRST_SEED}, {FIRST_SEED + 1}, ...")
    if [candidate.number for candidate in candidates] != list(range(len(candidates))):
        problems.append("settings are missing, or given twice")
    if not found.complete:
        problems.append(f"{len(candidates)} of {found.budget} settings have been tried")
    known = [candidate.settings for candidate in candidates]
    if found.searcher == "random":
        if known != list(islice(draws(cell, within), len(known))):
            problems.append("its settings are not those drawn for this cell")
    elif known[:1] != [searched(cell.settings(), within)]:
        problems.append("its first settings are not the published ones")
    if not all(contains(within, settings) for settings in known[1:]):
        problems.append("settings outside its space were tried")
    if any(known.count(settings) > 1 for settings in known):
        problems.append("settings were tried twice")
    if found.provenance is None and candidates:
        problems.append("has no provenance")
    for candidate in candidates:
        problems += [
            f"settings {candidate.number}: {text}" for text in _candidate_problems(found, candidate)
        ]
    return problems


def _candidate_problems(found: Search, candidate: Candidate) -> list[str]:
    task, problems = registry.task(found.task), []
    _, *marks = task.eval_updates(found.updates or task.updates)
    whole = [task.steps(mark) for mark in marks]
    steps = [point.step for point in candidate.curve]
    if candidate.status == "finished" and steps != whole:
        problems.append(f"its curve does not have the steps {whole}")
    if candidate.status == "stopped":
        if steps != whole[: len(steps)] or len(steps) not in rungs(len(whole)):
            problems.append("was not stopped where settings are compared")
        if not found.halving or candidate.number == 0:
            problems.append("was stopped, but only halving may stop, and not the published")
    if any(len(point.scores) != len(found.seeds) for point in candidate.curve):
        problems.append("does not have one score for each seed")
    return problems


def _unlike(searches: list[tuple[Path, Search]]) -> list[str]:
    """Return problems of searches in one submission that were made by different rules."""
    problems = []
    first: dict[str, tuple[Path, Search]] = {}
    for file, found in searches:
        other, model = first.setdefault(place(file)[1], (file, found))
        for rule, value in found.rules.items():
            if value != model.rules[rule]:
                problems.append(f"{file}: {rule} is {value}, but {model.rules[rule]} in {other}")
    return problems


def _against_task(record: Record) -> list[str]:
    task, problems = registry.task(record.task), []
    stated, declared = record.score_info, ScoreInfo.of(task)
    if (stated, record.domain) != (declared, task.domain):
        problems.append(f"says its score is {stated}, the task {declared}")
    total = record.updates or task.updates
    steps = [task.steps(updates) for updates in task.eval_updates(total)]
    found = [point.step for point in record.seeds[0].curve]
    if found != steps:
        problems.append(f"is evaluated at {_listed(found)}, the task at {_listed(steps)}")
    return problems + _metric_problems(record, task)


def _metric_problems(record: Record, task: Task) -> list[str]:
    """Return what is missing or more than the metrics that a record of the task keeps."""
    every = {metric.name for metric in (*task.metrics, *diagnostics(task))}
    problems = []
    for result in record.seeds:
        last = len(result.curve) - task.window
        for index, point in enumerate(result.curve):
            least = every if result.seed < FULL_SEEDS or index >= last else watched(task)
            wrong = {*point.metrics} - every or least - {*point.metrics}
            if wrong:
                what = "unknown" if wrong - every else "missing"
                names = ", ".join(sorted(wrong)[:3])
                problems.append(f"seed {result.seed}, step {point.step}: {what} metrics: {names}")
                break
    return problems


def _listed(steps: list[int]) -> str:
    """A few numbers, and how many there are."""
    text = ", ".join(map(str, steps[:3]))
    return f"steps {text}, ..., {steps[-1]} ({len(steps)})" if len(steps) > 4 else f"steps {steps}"


def _seed_problems(record: Record, result: SeedResult) -> list[str]:
    problems = []
    for name, value in summarise(result.curve, record.score_info, result.status).items():
        stated = getattr(result, name)
        agree = (
            stated is value
            if stated is None or value is None
            else math.isclose(stated, value, rel_tol=1e-9, abs_tol=1e-12)
        )
        if not agree:
            problems.append(f"{name} is {stated}, but the curve gives {value}")
    steps = [point.step for point in result.curve]
    if steps != sorted(set(steps)) or steps[0] != 0:
        problems.append("the curve's steps must start at 0 and increase")
    if [point.step for point in record.seeds[0].curve] != steps:
        problems.append("the curve has other steps than the first seed's")
    status = outcome(result.curve, record.score_info, result.first_bad_step)
    if result.status != status:
        problems.append(f"status {result.status}, but the curve says {status}")
    return problems


def _duplicated(found: list[Found]) -> list[str]:
    """Return problems of records with equal curves in several seeds: copied, or not seeded."""
    problems = []
    for item in found:
        curves = Counter(
            tuple((p.step, *sorted(p.metrics.items())) for p in result.curve)
            for result in item.record.seeds
            if result.status == "ok"
        )
        copies = sum(count for count in curves.values() if count > 1)
        if copies:
            problems.append(f"{item.path}: {copies} seeds have the same curve")
    return problems
