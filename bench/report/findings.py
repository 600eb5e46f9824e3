"""Findings: the effect of every strategy on every task and domain, and its verdict.

A cell is known by its base, its order of play and a *label*: its name without these two, so that
"bare+replay", "reference+replay" and "reference-replay" are all the strategy `replay`, on two
bases. It is compared with the same base in the same order of play. Verdicts count *plain* cells of
the domains "gan" and "rl": those with strategies on all players, in the task's own order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

from bench.experiment import registry
from bench.experiment.kits import BASES
from bench.records.record import Record, ScoreInfo
from bench.report import stats, verdicts
from bench.report.rank_tests import holm

DOMAINS = ("gan", "rl")
"""The domains of verdicts; tasks of the other domains do not count."""
EXTENSION = "extension"
DOMAIN_NAMES = {"gan": "GAN", "rl": "RL", "game": "toy game", EXTENSION: "extensions"}
ORDER = {"gan": 0, "rl": 1, "game": 2, EXTENSION: 3}


class Key(NamedTuple):
    """Where a cell is among those of its task; `play` is "" for the task's own order of play."""

    base: str
    play: str
    label: str  # "" for the base itself


@dataclass(frozen=True)
class CellResult:
    """A record, with its label and its utilities."""

    record: Record
    label: str  # "" for the base itself
    arm: stats.Arm

    @property
    def plain(self) -> bool:
        """Whether strategies act on all their players, in the task's own order of play."""
        return not self.record.play and "@" not in self.label + (self.record.strategy or "")

    @property
    def failures(self) -> int:
        """The number of runs that diverged or collapsed."""
        return sum(result.status != "ok" for result in self.record.seeds)

    @property
    def failure_text(self) -> str:
        """How many failed, and how: "2 of 10 (1 collapsed, 1 diverged)"."""
        counts = Counter(r.status for r in self.record.seeds if r.status != "ok")
        which = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        text = f"{self.failures} of {len(self.record.seeds)}"
        return f"{text} ({which})" if which else text


@dataclass(frozen=True)
class TaskView:
    """One task with its cells, and their effects by the same keys."""

    name: str
    domain: str
    score: ScoreInfo
    cells: dict[Key, CellResult]
    effects: dict[Key, stats.Comparison] = field(default_factory=dict)
    inert: dict[Key, str] = field(default_factory=dict)  # why nothing can change

    @property
    def plain(self) -> dict[Key, CellResult]:
        """The plain cells."""
        return {key: cell for key, cell in self.cells.items() if cell.plain}

    @property
    def shown(self) -> dict[Key, CellResult]:
        """The cells of the task's own table and figures: all of an extension, else plain ones."""
        return self.cells if self.domain == EXTENSION else self.plain

    @property
    def axis(self) -> str:
        """The label of an axis with the score: its name, unit, and which way is better."""
        arrow = "higher is better ↑" if self.score.better == "higher" else "lower is better ↓"
        return f"{self.score.metric} [{self.score.unit}], {arrow}"


@dataclass(frozen=True)
class DomainFinding:
    """The effect of a strategy in one domain."""

    state: verdicts.State
    effect: stats.Effect | None = None
    p_adjusted: float | None = None
    of_tasks: int = 0  # tasks of the domain that have records at all
    inert: dict[str, str] = field(default_factory=dict)  # task -> reason
    removed: bool = False  # the base has it already: measured by taking it away
    failures: tuple[int, int, int, int] = (0, 0, 0, 0)  # without: failed, runs; with: failed, runs


@dataclass(frozen=True)
class Finding:
    """One row of the transfer table."""

    base: str
    label: str
    strategy: str
    expected: str | None  # the verdict a control must get; None for a strategy
    domains: dict[str, DomainFinding]
    verdict: str
    evidence: str


@dataclass(frozen=True)
class Study:
    """Everything a report shows, sorted."""

    tasks: tuple[TaskView, ...]
    bases: tuple[str, ...]  # of plain cells, without extensions
    findings: dict[str, tuple[Finding, ...]]  # by base; controls last
    boot: stats.Bootstrap

    @property
    def records(self) -> list[Record]:
        """The records that are shown."""
        return [cell.record for task in self.tasks for cell in task.cells.values()]

    @property
    def counted(self) -> list[Record]:
        """Those that verdicts count."""
        inside = [task for task in self.tasks if task.domain in DOMAINS]
        return [cell.record for task in inside for cell in task.plain.values()]


@cache
def control_verdict(strategy: str) -> str | None:
    """The verdict that a control must get, maybe on one player; None for what is no control."""
    plain = strategy if "+" in strategy else strategy.partition("@")[0]
    entry = registry.strategies().get(plain)
    if entry is None or entry.home != "control":
        return None
    return "neutral" if getattr(entry.module, "IDENTITY", False) else "harmful"


@cache
def inert_reason(strategy: str, task: str) -> str | None:
    """Why the strategy can change nothing on the task; None if it can, or if that is unknown.

    It is unknown for several at once, and where a name or a player does not exist (any more).
    """
    try:
        found = registry.task(task)
        return registry.strategy(strategy).build(found).why_inert(found)
    except ValueError:
        return None


def label_of(record: Record) -> str:
    """The cell's name without base and order: the strategy with the settings that were chosen."""
    if record.strategy is None:
        return ""
    if record.cell[: len(record.base)] == record.base and len(record.cell) > len(record.base):
        label = record.cell[len(record.base) + 1 :]
        return label.replace(f"={record.play}", "", 1) if record.play else label
    return record.strategy


def in_order(bases: set[str]) -> tuple[str, ...]:
    """The bases, the bare one first."""
    return tuple(sorted(bases, key=lambda b: (BASES.index(b) if b in BASES else len(BASES), b)))


def study(records: Sequence[Record], boot: stats.Bootstrap | None = None) -> Study:
    """All findings of the records, which are one per cell."""
    boot = boot or stats.Bootstrap()
    names = sorted({record.task for record in records})
    views = [_view([r for r in records if r.task == name], boot) for name in names]
    views.sort(key=lambda view: (ORDER[view.domain], view.name))
    bases = in_order({key.base for v in views if v.domain != EXTENSION for key in v.plain})
    findings = {base: _findings(base, views) for base in bases}
    return Study(tuple(views), bases, findings, boot)


def _view(records: list[Record], boot: stats.Bootstrap) -> TaskView:
    """One task's cells, sorted, and the effect of every strategy with a base to compare with."""
    first = records[0]
    cells: dict[Key, CellResult] = {}
    for record in sorted(
        records, key=lambda r: (r.base != "bare", r.base, r.play, r.strategy or "", r.cell)
    ):
        seeds = [result.seed for result in record.seeds]
        # A collapsed run has a score, but a failure ranks worst whatever it scores.
        scores = [result.score if result.status == "ok" else None for result in record.seeds]
        arm = stats.Arm.of(seeds, scores, record.score_info.better)
        label = label_of(record)
        cells[Key(record.base, record.play, label)] = CellResult(record, label, arm)
    view = TaskView(first.task, first.domain, first.score_info, cells)
    for key, cell in cells.items():
        if not key.label:
            continue
        reason = inert_reason(cell.record.strategy or "", first.task)
        ground = cells.get(key._replace(label=""))
        if reason is not None:
            view.inert[key] = reason
        elif ground is not None:
            arms = (cell.arm, ground.arm)
            if cell.record.contrast == "removed":
                arms = (arms[1], arms[0])
            view.effects[key] = stats.compare(first.task, *arms, boot)
    return view


def _findings(base: str, views: list[TaskView]) -> tuple[Finding, ...]:
    """One row per label on this base, if it occurs in a domain of verdicts."""
    counted = [view for view in views if view.domain in DOMAINS and view.plain]
    labels: dict[str, str] = {}
    for view in counted:
        for key, cell in view.plain.items():
            if key.base == base and key.label:
                labels.setdefault(key.label, cell.record.strategy or "")
    found = {
        label: {domain: _domain(base, label, domain, counted) for domain in DOMAINS}
        for label in labels
    }
    adjusted = _adjust(found, {label for label in labels if control_verdict(labels[label])})
    rows = []
    for label, domains in found.items():
        judged = {
            domain: _judge(part, adjusted.get((label, domain))) for domain, part in domains.items()
        }
        runs = [part.effect.runs for part in judged.values() if part.effect]
        rows.append(
            Finding(
                base=base,
                label=label,
                strategy=labels[label],
                expected=control_verdict(labels[label]),
                domains=judged,
                verdict=verdicts.verdict(judged["gan"].state, judged["rl"].state),
                evidence=verdicts.evidence(min(runs, default=0)),
            )
        )
    order = {name: index for index, name in enumerate(verdicts.VERDICTS)}
    rows.sort(key=lambda row: (row.expected is not None, order[row.verdict], row.label))
    return tuple(rows)


def _domain(base: str, label: str, domain: str, views: list[TaskView]) -> DomainFinding:
    """The mean effect over the domain's tasks where the strategy is not inert, without a state."""
    key, ground = Key(base, "", label), Key(base, "", "")
    inside = [view for view in views if view.domain == domain]
    inert = {v.name: v.inert[key] for v in inside if key in v.inert}
    chosen = [view for view in inside if key in view.effects]
    if not chosen:
        state: verdicts.State = "inert" if inert else "missing"
        return DomainFinding(state, of_tasks=len(inside), inert=inert)
    removed = any(v.cells[key].record.contrast == "removed" for v in chosen)
    counts = [0, 0, 0, 0]
    for view in chosen:
        arms = [view.cells[ground], view.cells[key]]
        for slot, cell in enumerate(reversed(arms) if removed else arms):
            counts[2 * slot] += cell.failures
            counts[2 * slot + 1] += len(cell.record.seeds)
    return DomainFinding(
        state="undetermined",
        effect=stats.effect([view.effects[key] for view in chosen]),
        of_tasks=len(inside),
        inert=inert,
        removed=removed,
        failures=(counts[0], counts[1], counts[2], counts[3]),
    )


def _adjust(
    found: dict[str, dict[str, DomainFinding]], controls: set[str]
) -> dict[tuple[str, str], float]:
    """p adjusted by Holm over all strategies and both domains of one base; not so for controls."""
    raw = {
        (label, domain): part.effect.p
        for label, domains in found.items()
        for domain, part in domains.items()
        if part.effect
    }
    family = [key for key in raw if key[0] not in controls]
    return raw | dict(zip(family, holm([raw[key] for key in family]), strict=True))


def _judge(part: DomainFinding, p_adjusted: float | None) -> DomainFinding:
    if part.effect is None or p_adjusted is None:
        return part
    return replace(part, state=verdicts.state(part.effect, p_adjusted), p_adjusted=p_adjusted)
