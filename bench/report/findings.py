"""Findings: the effect of every strategy on every task and domain, and its verdict.

A row has one label on one base (see `bench.report.cells`). Verdicts count *plain* cells of the
domains "gan" and "rl": those with strategies on all players, in the task's own order.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bench.experiment import registry
from bench.experiment.cell import Contrast
from bench.records.record import Record
from bench.report import families, looks, stats, verdicts
from bench.report.cells import (
    ENDPOINTS,
    EXTENSION,
    ORDER,
    CellResult,
    TaskView,
    in_order,
    median_of_known,
    rows,
    view_of,
)
from bench.report.grounds import Grounds

DOMAINS = ("gan", "rl")
"""The domains of verdicts; tasks of the other domains do not count."""


@dataclass(frozen=True)
class DomainFinding:
    """The effect of a strategy in one domain; state and adjusted p are by the final score.

    Effects are of all seeds, state and p as they were at the look (`bench.report.looks`) that
    decided, or else at the last one.
    """

    state: verdicts.State
    effect: stats.Effect | None = None  # by the final score
    area: stats.Effect | None = None  # by the area under the curve, of tasks that have one
    p_adjusted: float | None = None  # by Bonferroni before the first look
    look: int = 0  # the strategy's seeds at that look
    needed: int | None = None  # seeds that would settle what is undetermined, if any would
    decision: looks.Decision | None = None  # what the looks say, whatever is lacking
    lacking: tuple[str, ...] = ()  # counted tasks without an effect, which a verdict needs
    looks: tuple[stats.Effect, ...] = ()
    of_tasks: int = 0  # tasks of the domain that have records at all
    inert: dict[str, str] = field(default_factory=dict)  # task -> reason
    contrast: Contrast | None = None  # None without an effect
    owners: frozenset[str] = frozenset()  # the submissions whose cells are in it
    base_seeds: int = 0  # the fewest of any task's base
    cost: float = math.nan  # time of updates with it / without it, the median over tasks
    failures: tuple[int, int, int, int] = (0, 0, 0, 0)  # without: failed, runs; with: failed, runs

    @property
    def removed(self) -> bool:
        """Whether the base has the strategy already: its effect was measured by removing it."""
        return self.contrast == "removed"


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
    instead_of: tuple[str, ...] = ()  # the strategies of the base whose place it takes

    def stands_in(self, domain: str) -> bool:
        """Whether the base has nothing there whose place it could take: it was just added."""
        other = self.domains[domain].contrast not in {None, "in place of"}
        return bool(self.instead_of) and other


@dataclass(frozen=True, eq=False)
class Study:
    """Everything a report shows, sorted; equal to itself alone."""

    tasks: tuple[TaskView, ...]
    findings: dict[str, tuple[Finding, ...]]  # by base of plain cells; controls last
    boot: stats.Bootstrap

    @property
    def bases(self) -> tuple[str, ...]:
        """First the base with the most strategies with effects in both domains, then the later."""
        later = list(self.findings)[::-1]
        return tuple(sorted(later, key=self._evidence, reverse=True))

    def _evidence(self, base: str) -> tuple[int, int]:
        """How many strategies have effects in both domains of a base, and how many any."""
        every = [f for f in self.findings[base] if f.expected is None]
        rows = [f for f in every if not any(sign in f.label for sign in "+~")]  # several, tuned
        both = [f for f in rows if all(p.effect or p.inert for p in f.domains.values())]
        return len({f.strategy for f in both}), len({f.strategy for f in rows})

    @property
    def records(self) -> list[Record]:
        """The records that are shown."""
        return [cell.record for task in self.tasks for cell in task.cells.values()]

    def rows(self, base: str) -> dict[str, CellResult]:
        """Label -> one of its cells, in the order of the findings; then what only games have."""
        every = rows(base, [view for view in self.tasks if view.domain != EXTENSION])
        first = [finding.label for finding in self.findings[base]]
        return {label: every[label] for label in dict.fromkeys([*first, *every])}

    @property
    def counted(self) -> list[Record]:
        """Those that verdicts count."""
        inside = [task for task in self.tasks if counts(task)]
        return [cell.record for task in inside for cell in task.plain.values()]


def study(
    records: Sequence[Record],
    boot: stats.Bootstrap | None = None,
    grounds: Grounds | None = None,
    *,
    most_looks: int = len(looks.LOOKS),
) -> Study:
    """All findings of the records, which are one per cell; of one submission without `grounds`.

    Strategies are judged with at most so many looks.
    """
    boot = boot or stats.Bootstrap()
    grounds = grounds or Grounds.of([(record, "") for record in records], records)
    names = sorted({record.task for record in records})
    views = [view_of([r for r in records if r.task == name], boot, grounds) for name in names]
    views.sort(key=lambda view: (ORDER[view.domain], view.name))
    bases = in_order({key.base for v in views if v.domain != EXTENSION for key in v.plain})
    findings = {base: _findings(base, views, most_looks) for base in bases}
    return Study(tuple(views), findings, boot)


def counted_tasks(domain: str) -> tuple[str, ...]:
    """The tasks that verdicts count, all of which they need: those of the suite's core grid."""
    return tuple(
        name
        for name, task in registry.tasks().items()
        if task.domain == domain and task.tier == "core" and task.failure is not None
    )


def counts(view: TaskView) -> bool:
    """Whether verdicts count a task."""
    known = counted_tasks(view.domain) if view.domain in DOMAINS else ()
    return view.domain in DOMAINS and (not known or view.name in known)


def _findings(base: str, views: list[TaskView], most_looks: int) -> tuple[Finding, ...]:
    """One row per label on this base, if it occurs in a domain of verdicts."""
    counted = [view for view in views if counts(view) and view.plain]
    cells = rows(base, counted)
    found = {
        label: {domain: _domain(base, cell, domain, counted) for domain in DOMAINS}
        for label, cell in cells.items()
    }
    judged = _judged(found, cells, most_looks)
    made = []
    for label, domains in judged.items():
        cell = cells[label]
        effects = [part.effect for part in domains.values() if part.effect]
        grounds = [part.base_seeds for part in domains.values() if part.effect]
        made.append(
            Finding(
                base=base,
                label=label,
                strategy=cell.record.strategy or "",
                expected=cell.expected,
                domains=domains,
                verdict=verdicts.verdict(domains["gan"].state, domains["rl"].state),
                evidence=verdicts.evidence(
                    min((each.runs for each in effects), default=0), min(grounds, default=0)
                ),
                instead_of=cell.instead_of,
            )
        )
    order = {name: index for index, name in enumerate(verdicts.VERDICTS)}
    made.sort(key=lambda row: (row.expected is not None, order[row.verdict], row.label))
    return tuple(made)


def _domain(base: str, row: CellResult, domain: str, views: list[TaskView]) -> DomainFinding:
    """The mean effect over the domain's tasks where the strategy is not inert, without a state."""
    inside = [view for view in views if view.domain == domain]
    keys = {view.name: view.key(base, row) for view in inside}
    inert = {v.name: why for v in inside if (why := v.why_inert(base, row))}
    chosen = [view for view in inside if keys[view.name] in view.effects["final"]]
    if not chosen:
        state: verdicts.State = "inert" if inert else "missing"
        return DomainFinding(state, of_tasks=len(inside), inert=inert)
    cells = [view.cells[keys[view.name]] for view in chosen]
    contrasts = {cell.record.contrast for cell in cells}
    order: tuple[Contrast, ...] = ("in place of", "removed", "added")
    contrast = next((each for each in order if each in contrasts), None)
    counts, base_seeds, costs = [0, 0, 0, 0], [], []
    for view, cell in zip(chosen, cells, strict=True):
        ground = view.ground(cell)
        assert ground is not None  # as it has an effect
        base_seeds.append(len(ground.record.seeds))
        arms = [cell, ground] if contrast == "removed" else [ground, cell]
        costs.append(arms[1].update_seconds / arms[0].update_seconds)
        for slot, arm in enumerate(arms):
            counts[2 * slot] += arm.failures
            counts[2 * slot + 1] += len(arm.record.seeds)
    found = {
        endpoint: [by[keys[v.name]] for v in chosen if keys[v.name] in (by := v.effects[endpoint])]
        for endpoint in ENDPOINTS
    }
    removed = [cell.record.contrast == "removed" for cell in cells]
    there = {view.name for view in chosen}
    return DomainFinding(
        state="undetermined",
        effect=stats.effect(found["final"]),
        area=stats.effect(found["area"]) if found["area"] else None,
        looks=tuple(
            looks.at_looks(
                list(zip(found["final"], removed, strict=True)),
                identity=row.expected == "neutral",
            )
        ),
        lacking=tuple(name for name in counted_tasks(domain) if name not in {*there, *inert}),
        owners=frozenset(
            view.grounds.owner(c.record) for view, c in zip(chosen, cells, strict=True)
        ),
        base_seeds=min(base_seeds),
        cost=median_of_known(costs),
        of_tasks=len(inside),
        inert=inert,
        contrast=contrast,
        failures=(counts[0], counts[1], counts[2], counts[3]),
    )


def _judged(
    found: dict[str, dict[str, DomainFinding]], cells: dict[str, CellResult], most_looks: int
) -> dict[str, dict[str, DomainFinding]]:
    """With states and p adjusted over the families of one base and one submission.

    A test that stands in two rows, of what is added and of what takes another's place, counts once.
    """
    groups: dict[tuple[families.Kind, frozenset[str], tuple[str, ...]], list[tuple[str, str]]]
    groups = defaultdict(list)
    for label, domains in found.items():
        for domain, part in domains.items():
            if part.effect:
                kind = families.kind(cells[label])
                alone = (label, domain) if kind == "control" else ()
                groups[kind, part.owners, alone].append((label, domain))
    judged = {label: dict(domains) for label, domains in found.items()}
    for (kind, *_), keys in groups.items():
        tests = {}
        for label, domain in keys:
            part = found[label][domain]
            added = cells[label].added_label if part.contrast != "in place of" else label
            tests[label, domain] = added, domain, part.effect.tasks if part.effect else ()
        base = cells[keys[0][0]].record.base
        size = families.size(kind, base, len(DOMAINS), len({label for label, _ in keys}))
        at = {test: found[label][domain].looks for (label, domain), test in tests.items()}
        decided = looks.decide({test: all_[:most_looks] for test, all_ in at.items()}, size)
        for (label, domain), test in tests.items():
            part = found[label][domain]
            judged[label][domain] = _judge(part, decided[test], size, control=kind == "control")
    return judged


def _judge(
    part: DomainFinding, decision: looks.Decision, family: int, *, control: bool
) -> DomainFinding:
    """With what the looks say; tasks that a verdict needs and that are not there leave it open.

    Of controls it is known what they do; a few tasks show that they do.
    """
    state = "undetermined" if part.lacking and not control else decision.state
    needed, p_adjusted = None, decision.p_adjusted
    if p_adjusted is None and part.effect is not None:
        p_adjusted = min(1.0, family * part.effect.p)
    if state == "undetermined" and part.effect is not None:
        needed = looks.needed(part.effect, removed=part.removed, family=family)
    return replace(
        part,
        state=state,
        p_adjusted=p_adjusted,
        look=decision.seeds,
        needed=needed,
        decision=decision,
    )
