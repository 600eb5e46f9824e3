"""What one record must be: a cell under its name, with the curves of its task.

Whatever can be told from one file and the code of this checkout.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from bench.experiment import play, registry
from bench.experiment.cell import Cell
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.experiment.spec import spec_hash
from bench.learner.task import Task, diagnostics
from bench.records import search_store
from bench.records.json_file import rounded
from bench.records.outcomes import FULL_SEEDS, outcome, summarise, watched
from bench.records.paths import place
from bench.records.record import Record, ScoreInfo, SeedResult
from bench.records.store import Found
from bench.submissions import machine_rules, ranges
from bench.submissions.problem import Problem, Rule


def problems(found: Found) -> list[Problem]:
    """Every problem of one record by itself."""
    file = str(found.path)
    record = found.record
    every = [Problem(file, *each) for each in _of_place(record, found.path)]
    every += [Problem(file, "seeds", text) for text in _of_seeds(record)]
    try:
        task, cell = registry.task(record.task), record.origin
        every += [Problem(file, "name", text) for text in _of_name(record)]
        every += [Problem(file, *each) for each in _of_code(found)]
        every += [Problem(file, "curve", text) for text in _of_curves(record, task)]
        every += [Problem(file, "curve", text) for text in _of_samples(record, task)]
        every += [Problem(file, "name", text) for text in name_problems(cell)]
        every += ranges.problems(record, task, file)
        every += machine_rules.problems(found.path, task, record.provenance)
    except ValueError as error:  # an unknown task or strategy, or a conflict
        every.append(Problem(file, "name", str(error)))
    for result in record.seeds:
        every += [
            Problem(file, rule, f"seed {result.seed}: {text}")
            for rule, text in _of_seed(record, result)
        ]
    return every


def name_problems(cell: Cell) -> Iterator[str]:
    """Yield why the cell is no cell of a grid. Raises ValueError for a wrong combination."""
    cell.published.learner()
    order = play.normal(cell.play, registry.task(cell.task))
    if order != cell.play:
        yield f"its order of play is {order or play.GIVEN!r}"
    for names in (cell.strategy, cell.instead_of):
        parts = (names or "").split("+")
        if parts != sorted(set(parts)):
            yield f"{names} has another name: {'+'.join(sorted(set(parts)))}"


def _of_place(record: Record, path: Path) -> Iterator[tuple[Rule, str]]:
    if record.protocol_version != PROTOCOL_VERSION:
        yield "place", f"protocol {record.protocol_version}, not {PROTOCOL_VERSION}"
    protocol, _, task, name = place(path)
    if (protocol, task, name) != (record.protocol_version, record.task, f"{record.cell}.json"):
        home = f"{record.protocol_version}/<name>/{record.task}/{record.cell}.json"
        yield "place", f"belongs at {home}"


def _of_seeds(record: Record) -> Iterator[str]:
    if record.planned_seeds != list(range(len(record.planned_seeds))):
        yield f"its seeds must be 0 to {len(record.planned_seeds) - 1}"
    found = {result.seed for result in record.seeds}
    absent = sorted({*record.planned_seeds} - found)
    if absent:
        yield f"planned seeds without an outcome: {_few(absent)}"
    if further := sorted(found - {*record.planned_seeds}):
        yield f"seeds that were not planned: {_few(further)}"


def _of_name(record: Record) -> Iterator[str]:
    cell = record.origin
    if cell.name != record.cell or cell.contrast != record.contrast:
        yield f"the cell of these strategies is {cell.contrast}: {cell.name}"


def _of_code(found: Found) -> Iterator[tuple[Rule, str]]:
    record, cell = found.record, found.record.origin
    if record.settings_from == "tuned":
        why = search_store.unchosen(found)
        if why:
            yield "search", why
    elif _written(record.settings) != _written(cell.settings()):
        yield "code", "the settings are not the published ones"
    if spec_hash(cell) != record.provenance.spec:
        yield "code", "made by other code, settings or data than this checkout's: run again"


def _written(settings: object) -> str:
    """Settings as text, in which 1, 1.0 and true differ."""
    return json.dumps(settings, sort_keys=True)


def _of_losses(result: SeedResult, task: Task) -> Iterator[str]:
    """Losses and gradients are means since the last evaluation: none at first, then numbers."""
    names = {metric.name for metric in diagnostics(task)}
    bad = math.inf if result.first_bad_step is None else result.first_bad_step
    for index, point in enumerate(result.curve):
        found = {name: value for name, value in point.metrics.items() if name in names}
        numbers = [value for value in found.values() if value is not None]
        if index == 0 and numbers:
            yield "losses or gradients before the first update"
        elif index and point.step < bad and len(numbers) < len(found):
            yield f"step {point.step}: no loss or gradient, though all were finite"
        elif index and point.step > bad and found and len(numbers) == len(found):
            yield f"step {point.step}: all are finite again after the first bad step, {bad}"


def _of_samples(record: Record, task: Task) -> Iterator[str]:
    """Samples are what the task draws: its images, or points in its space."""
    image = getattr(task, "image_shape", None)
    for name, artefact in record.artefacts.items():
        kind, shape = ("images", image) if image else ("points", (task.action_size,))
        if name != "samples" or (artefact.kind, tuple(artefact.shape[1:])) != (kind, tuple(shape)):
            yield f"{name}: not the task's samples, {kind} of shape {list(shape)}"
        raw = base64.b64decode(artefact.data)
        if artefact.dtype == "float32" and not np.isfinite(np.frombuffer(raw, "<f4")).all():
            yield f"{name}: samples that are not finite"


def _of_curves(record: Record, task: Task) -> Iterator[str]:
    stated, declared = record.score_info, ScoreInfo.of(task)
    if (stated, record.domain) != (declared, task.domain):
        yield f"says its score is {stated}, the task {declared}"
    total = record.updates or task.updates
    steps = [task.steps(updates) for updates in task.eval_updates(total)]
    found = [point.step for point in record.seeds[0].curve]
    if found != steps:
        yield f"is evaluated at {_listed(found)}, the task at {_listed(steps)}"
    every = {metric.name for metric in (*task.metrics, *diagnostics(task))}
    for result in record.seeds:
        values = [(p.step, name, v) for p in result.curve for name, v in p.metrics.items()]
        if odd := [f"{name} at step {step}" for step, name, v in values if v != rounded(v)]:
            yield f"seed {result.seed}: {odd[0]} has more than seven digits"
        if (bad := result.first_bad_step) is not None and bad > steps[-1]:
            yield f"seed {result.seed}: its first bad step is {bad}, after the last, {steps[-1]}"
        for text in islice(_of_losses(result, task), 1):
            yield f"seed {result.seed}: {text}"
        last = len(result.curve) - task.window
        for index, point in enumerate(result.curve):
            least = every if result.seed < FULL_SEEDS or index >= last else watched(task)
            wrong = {*point.metrics} - every or least - {*point.metrics}
            if wrong:
                what = f"{'unknown' if wrong - every else 'missing'} metrics"
                yield f"seed {result.seed}, step {point.step}: {what}: {_few(sorted(wrong))}"
                break


def _few(items: list[str] | list[int]) -> str:
    """The first ones, and how many there are."""
    text = ", ".join(map(str, items[:3]))
    return text if len(items) <= 3 else f"{text}, ... ({len(items)})"


def _listed(steps: list[int]) -> str:
    """A few numbers, and how many there are."""
    text = ", ".join(map(str, steps[:3]))
    return f"steps {text}, ..., {steps[-1]} ({len(steps)})" if len(steps) > 4 else f"steps {steps}"


def _of_seed(record: Record, result: SeedResult) -> Iterator[tuple[Rule, str]]:
    for name, value in summarise(result.curve, record.score_info, result.status).items():
        stated = getattr(result, name)
        agree = (
            stated is value
            if stated is None or value is None
            else math.isclose(stated, value, rel_tol=1e-9, abs_tol=1e-12)
        )
        if not agree:
            yield "summary", f"{name} is {stated}, but the curve gives {value}"
    steps = [point.step for point in result.curve]
    if steps != sorted(set(steps)) or steps[0] != 0:
        yield "curve", "the curve's steps must start at 0 and increase"
    if [point.step for point in record.seeds[0].curve] != steps:
        yield "curve", "the curve has other steps than the first seed's"
    status = outcome(result.curve, record.score_info, result.first_bad_step)
    if result.status != status:
        yield "summary", f"status {result.status}, but the curve says {status}"
