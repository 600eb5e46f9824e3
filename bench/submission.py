"""Checks a folder of records before anybody believes it; records are read as data, never run."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from bench import registry
from bench.grid import PROTOCOL_VERSION, spec_hash
from bench.record import (
    CorruptRecord,
    Found,
    Record,
    ScoreInfo,
    SeedResult,
    outcome,
    summarise,
    walk,
)
from bench.strategy import combine


class NothingToCheck(ValueError):
    """A path without records."""


def validate(path: Path) -> tuple[int, list[str]]:
    """The number of files checked below a folder, and every problem found, one line each.

    Raises `NothingToCheck` if the path does not exist or holds no record.
    """
    if not path.exists():
        raise NothingToCheck(f"{path} does not exist; give a folder of records")
    found = list(walk(path))
    if not found:
        raise NothingToCheck(f"{path} holds no records (*.json); run `python -m bench run` first")
    problems = [
        f"{stray}: not a record; a submission holds nothing else" for stray in _strays(path)
    ]
    for item in found:
        if isinstance(item, CorruptRecord):
            problems.append(str(item))
        else:
            problems += [f"{item.path}: {text}" for text in _problems(item)]
    return len(found), problems + _duplicated([f for f in found if isinstance(f, Found)])


def _strays(path: Path) -> list[Path]:
    """Links, and files that are no records; actors and logs lie beside submissions, not in one."""
    inside = sorted(path.rglob("*")) if path.is_dir() else [path]
    inside = [p for p in inside if not {path / "actors", path / "logs"} & {*p.parents}]
    return [p for p in inside if p.is_symlink() or (p.is_file() and p.suffix != ".json")]


def _problems(found: Found) -> list[str]:
    record, path = found.record, found.path
    cell, problems = record.origin, []
    if record.protocol_version != PROTOCOL_VERSION:
        problems.append(f"protocol {record.protocol_version}, not {PROTOCOL_VERSION}")
    protocol, _, *place = path.resolve().with_suffix("").parts[-4:]
    if [protocol, *place] != [record.protocol_version, record.task, record.cell]:
        home = f"{record.protocol_version}/<name>/{record.task}/{record.cell}.json"
        problems.append(f"belongs at {home}")
    absent = sorted(set(record.planned_seeds) - {result.seed for result in record.seeds})
    if absent:
        problems.append(f"planned seeds without an outcome: {', '.join(map(str, absent))}")
    try:
        if cell.name != record.cell or cell.contrast != record.contrast:
            problems.append(f"the cell of these strategies is {cell.contrast}: {cell.name}")
        combine(registry.strategy(name).build(registry.task(cell.task)) for name in cell.strategies)
        if record.settings != cell.settings():
            problems.append("the settings are not the published ones")
        if spec_hash(cell) != record.provenance.spec:
            problems.append("made by other code, settings or data than this checkout's: run again")
        problems += _against_task(record)
    except ValueError as error:  # an unknown task or strategy, or a conflict
        problems.append(str(error))
    for result in record.seeds:
        problems += [f"seed {result.seed}: {text}" for text in _seed_problems(record, result)]
    return problems


def _against_task(record: Record) -> list[str]:
    task, problems = registry.task(record.task), []
    stated, declared = record.score_info, ScoreInfo.of(task)
    if (stated, record.domain) != (declared, task.domain):
        problems.append(f"says its score is {stated}, the task {declared}")
    budget = (record.updates or task.updates) * task.steps_per_update
    if record.seeds[0].curve[-1].step != budget:
        problems.append(f"ends at step {record.seeds[0].curve[-1].step}, its budget is {budget}")
    return problems


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
    """Seeds of one cell with the same curve: copied, or not seeded."""
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
