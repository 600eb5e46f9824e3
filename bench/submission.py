"""Checks a folder of records before anybody believes it; records are read as data, never run."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from bench import registry
from bench.grid import PROTOCOL_VERSION, Cell, spec_hash
from bench.record import CorruptRecord, Found, Record, SeedResult, summarise, walk


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
    problems: list[str] = []
    for item in found:
        if isinstance(item, CorruptRecord):
            problems.append(str(item))
        else:
            problems += [f"{item.path}: {text}" for text in _problems(item)]
    return len(found), problems + _duplicated([f for f in found if isinstance(f, Found)])


def _problems(found: Found) -> list[str]:
    record, path = found.record, found.path
    cell = Cell(record.task, record.base, record.strategy)
    problems = []
    if record.protocol_version != PROTOCOL_VERSION:
        problems.append(f"protocol {record.protocol_version}, not {PROTOCOL_VERSION}")
    if (path.parent.name, path.stem) != (record.task, record.cell):
        problems.append(f"belongs at {record.task}/{record.cell}.json")
    absent = sorted(set(record.planned_seeds) - {result.seed for result in record.seeds})
    if absent:
        problems.append(f"planned seeds without an outcome: {', '.join(map(str, absent))}")
    try:
        if cell.name != record.cell or cell.contrast != record.contrast:
            problems.append(f"the cell of these strategies is {cell.contrast}: {cell.name}")
        if spec_hash(cell) != record.provenance.spec:
            problems.append("made by other code, settings or data than this checkout's: run again")
        problems += _against_task(record)
    except ValueError as error:  # an unknown task, base or strategy
        problems.append(str(error))
    for result in record.seeds:
        problems += [f"seed {result.seed}: {text}" for text in _seed_problems(record, result)]
    return problems


def _against_task(record: Record) -> list[str]:
    task = registry.task(record.task)
    info, score = record.score_info, task.metrics[0]
    declared = (score.name, score.unit, score.better, task.window, task.step_unit, task.domain)
    stated = (info.metric, info.unit, info.better, info.window, info.step_unit, record.domain)
    return [] if declared == stated else [f"says its score is {stated}, the task {declared}"]


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
    if (result.status == "diverged") != (result.score is None):
        problems.append(f"status {result.status} does not go with score {result.score}")
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
