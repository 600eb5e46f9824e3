"""Canaries: numbers that nobody can choose, and that cost nothing to check.

Scores at step 0, before training, depend on the task and the seed alone: all cells and submissions
have the same ones, but for strategies that change an untrained actor. A placebo, or a strategy that
is inert on a task, has the numbers of its base to the last bit, if the same machine made both.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.records.acts import equal, never_acts
from bench.records.paths import place
from bench.records.record import Record
from bench.records.store import DECIDES, Found, unlike
from bench.submissions.agreement import FLOOR, STEP_0
from bench.submissions.problem import Problem

Believed = Callable[[Path], bool]
"""Whether a record, by its path, is in a submission by which others are judged."""

Outcome = Literal["passed", "failed", "none"]
"""Of a record's canaries; "none": there was nothing to compare with."""

TRAINED = ("gan", "rl")
"""The domains of verdicts: scores look at the actor alone, and rounding makes runs part."""

FEWEST = 3
"""Seeds of a record that must agree with those of another submission."""


@dataclass
class Findings:
    """What the canaries of all records say."""

    problems: list[Problem] = field(default_factory=list)
    outcomes: dict[Path, Outcome] = field(default_factory=dict)


def _everybody(path: Path) -> bool:
    return True


def problems(
    own: Sequence[Found], merged: Sequence[Found], believed: Believed = _everybody
) -> list[Problem]:
    """Problems of records in `own`, beside each other and beside `merged` ones."""
    mine = {str(item.path) for item in own}
    found = examine([*merged, *own], believed)
    return [each for each in found.problems if each.file in mine]


def outcomes(found: Sequence[Found], believed: Believed = _everybody) -> dict[Path, Outcome]:
    """Return the outcome of every record's canaries, by its path."""
    return examine(found, believed).outcomes


def examine(found: Sequence[Found], believed: Believed = _everybody) -> Findings:
    """Compare all records with those of submissions that are `believed`, and of their own.

    Nobody else's can confirm a record, or put it in the wrong. Of two believed submissions that
    disagree the first one is right.
    """
    findings = Findings(outcomes={item.path: "none" for item in found})
    known = [item for item in found if _known(item.record.origin)]
    _starts(known, findings, believed)
    _unchanged(known, findings)
    return findings


@cache
def _known(cell: Cell) -> bool:
    """Whether this checkout has the cell's task and strategies, and combines them."""
    try:
        cell.published.learner()
    except ValueError:
        return False
    return True


class _Start(NamedTuple):
    """The score of one seed of a record before training."""

    item: Found
    machine: str  # what decides how numbers are rounded
    score: float


def _starts(found: Sequence[Found], findings: Findings, believed: Believed) -> None:
    """Compare scores at step 0."""
    groups: dict[tuple[str, int, Hashable, str], list[_Start]] = defaultdict(list)
    wrong: dict[Path, list[str]] = defaultdict(list)
    agreed: Counter[Path] = Counter()
    for item in found:
        record, machine = item.record, _machine(item)
        changed = _starting(record.origin)
        # Episodes of a simulator part by rounding, so that there only the same machine is asked.
        asked = machine if registry.task(record.task).environment is not None else ""
        for result in record.seeds:
            score = result.curve[0].metrics.get(record.score_info.metric)
            if score is not None:
                key = (record.task, result.seed, changed, asked)
                groups[key].append(_Start(item, machine, score))
    for (_, seed, *_), starts in groups.items():
        for start, expected in _judged(starts, believed):
            if expected is None:
                agreed[start.item.path] += 1
            else:
                text = f"seed {seed} starts at {start.score}, not at {expected}"
                wrong[start.item.path].append(text)
    for path, texts in wrong.items():
        more = f" ({len(texts)} seeds)" if len(texts) > 1 else ""
        findings.problems.append(Problem(str(path), "canary", f"{texts[0]}{more}"))
        findings.outcomes[path] = "failed"
    for path, count in agreed.items():
        if findings.outcomes[path] == "none" and count >= FEWEST:
            findings.outcomes[path] = "passed"


def _machine(item: Found) -> str:
    decides = item.record.provenance.model_dump(include={*DECIDES})
    return json.dumps(decides, sort_keys=True)


def _judged(starts: Sequence[_Start], believed: Believed) -> Iterator[tuple[_Start, float | None]]:
    """Yield each start that another believed submission confirms, with None, or that is wrong.

    A wrong one comes with the score that is right: what most records of the first believed
    submission have, or of its own.
    """
    inside: dict[str, list[_Start]] = defaultdict(list)
    judges: dict[str, None] = {}  # in order
    machines: dict[float, set[str]] = defaultdict(set)
    for start in starts:
        inside[_submission(start.item)].append(start)
        machines[start.score].add(start.machine)
        if believed(start.item.path):
            judges[_submission(start.item)] = None
    counts = {name: Counter(start.score for start in own) for name, own in inside.items()}
    judge = next(iter(judges), None)

    def agree(start: _Start, score: float) -> bool:
        if start.machine in machines[score]:
            return start.score == score
        return math.isclose(start.score, score, rel_tol=STEP_0, abs_tol=FLOOR)

    for start in starts:
        own = _submission(start.item)
        expected = _expected(counts[judge or own], inside[judge or own])
        if not agree(start, expected):
            yield start, expected
            continue
        if any(agree(start, score) for name in judges if name != own for score in counts[name]):
            yield start, None


def _expected(counts: Counter[float], starts: Sequence[_Start]) -> float:
    """The score that most of some records have; without two that agree, that of the first."""
    (most, times), *_ = counts.most_common(1)
    return most if times > 1 else starts[0].score


def _submission(item: Found) -> str:
    return place(item.path)[1]


@cache
def _starting(cell: Cell) -> Hashable:
    """The strategies by which a cell's step 0 may differ from the base's, with their settings.

    Those that change the networks of a player whom scores look at, or what the actor plays.
    """
    task, plan, settings = registry.task(cell.task), cell.learner().plan, cell.settings()
    unseen = {"critic"} if task.domain in TRAINED else set()
    seen = [player for player, role in task.players.items() if role not in unseen]
    changing = {
        part.name
        for value in ("blueprint", "forward_params")
        for player in seen
        for part in plan.on(value, player, task)
    } | {part.name for part in plan.parts["policy"]}
    return tuple((name, str(settings[name])) for name in sorted(changing))


def changes_start(cell: Cell) -> bool:
    """Whether a cell's untrained players may be others than its base's."""
    return bool(_starting(cell))


def _unchanged(found: Sequence[Found], findings: Findings) -> None:
    """Compare cells that change nothing with their bases."""
    bases: dict[Hashable, Found] = {}
    for item in found:
        if item.record.strategy is None and item.record.settings_from == "published":
            bases.setdefault(_ground(item), item)
    for item in found:
        base = bases.get(_ground(item))
        if base is None or item is base or not changes_nothing(item.record.origin):
            continue
        if unlike(item.record.provenance, base.record.provenance):
            continue
        if equal(item.record, base.record):
            if findings.outcomes[item.path] == "none":
                findings.outcomes[item.path] = "passed"
        elif _share_seeds(item.record, base.record):
            text = f"differs from {base.path.name}, which it cannot: it changes nothing there"
            findings.problems.append(Problem(str(item.path), "canary", text))
            findings.outcomes[item.path] = "failed"


def _ground(item: Found) -> Hashable:
    record = item.record
    return (*place(item.path)[:2], record.task, record.base, record.play, record.updates)


def _share_seeds(one: Record, other: Record) -> bool:
    return bool({seed.seed for seed in one.seeds} & {seed.seed for seed in other.seeds})


@cache
def changes_nothing(cell: Cell) -> bool:
    """Whether all strategies by which a cell differs from its base provably change nothing."""
    base = Cell(cell.task, cell.base, play=cell.play)
    changed = {*cell.strategies} ^ {*base.strategies}
    return bool(changed) and all(never_acts(name, cell) for name in changed)
