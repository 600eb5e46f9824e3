"""The answer in five sentences: what the intervals of a study carry, and no more.

Every sentence has the command that makes the records it speaks of again.
"""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.experiment import registry
from bench.experiment.protocol import BASE_SEEDS
from bench.records.record import Record
from bench.report import transfer, verdicts
from bench.report.cells import control_verdict
from bench.report.findings import DOMAINS, Finding, Study
from bench.report.looks import LOOKS
from bench.report.rendering import two

BOTH = "P(better than the base)"
PLACES = {"gan": "in GANs", "rl": "in RL"}
MOST_NAMED = 4
"""So many strategies of one verdict are named; of more their number is given."""


@dataclass(frozen=True)
class Sentence:
    """What is said, and how its records are made again."""

    text: str
    command: str


def answer(study: Study) -> list[Sentence]:
    """Five sentences: prediction, verdicts, what helps in both domains, in either, the evidence."""
    base = main_base(study)
    rows = transfer.singles(study, base)
    both, shown = _both(rows)
    each = [_domain(rows, domain) for domain in DOMAINS]
    return [
        Sentence(_prediction(study, base), command(study, base, _names(rows))),
        Sentence(_verdicts(base, rows), command(study, base, _names(rows))),
        Sentence(both, command(study, base, _names(shown))),
        Sentence(
            "; ".join(text for text, _ in each) + ".",
            command(study, base, _names(row for _, named in each for row in named)),
        ),
        Sentence(_evidence(study, base), command(study, base, _names(rows) + _others(study, base))),
    ]


def _names(rows: Iterable[Finding]) -> list[str]:
    return [row.strategy for row in rows]


def _others(study: Study, base: str) -> list[str]:
    """Every other strategy, or several together, with records on a base; controls always run."""
    names = {record.strategy for record in its_records(study, base)}
    return sorted(name for name in names if name and control_verdict(name) is None)


def command(study: Study, base: str, strategies: Iterable[str]) -> str:
    """What makes the records of these again: of the whole core grid without one, or with all.

    At least as many seeds as there are: by looks only where the base has the 100 that they take.
    """
    names = list(dict.fromkeys(strategies))
    made = {len(r.seeds) for r in its_records(study, base) if r.strategy in names}
    of_base = [len(r.seeds) for r in its_records(study, base) if r.strategy is None]
    parts = ["python -m bench run --grid core", f"--base {base}" if base else ""]
    every = {name for name, entry in registry.strategies().items() if entry.home != "control"}
    if names and {*names} != every:
        parts.append(f"--strategies {shlex.quote(','.join(names))}")
    based = min(of_base, default=0) >= BASE_SEEDS
    looked = not made or (based and len(made) > 1 and made <= {look.seeds for look in LOOKS})
    parts.append("--adaptive" if looked else f"--seeds {max(made)}")
    return " ".join(part for part in parts if part)


def base_command(study: Study) -> str:
    """What makes the records of the answer's base again."""
    base = main_base(study)
    most = max((len(r.seeds) for r in its_records(study, base) if r.strategy is None), default=0)
    start = f"python -m bench run --grid core --base {base} --strategies '' --contrasts none"
    return f"{start} --seeds {most}" if most else ""


def main_base(study: Study) -> str:
    """The base that the answer speaks of; "" without one."""
    return next(iter(study.bases), "")


def its_records(study: Study, base: str) -> list[Record]:
    """The records on a base that verdicts count; where there are none, all that are counted.

    Without tuned ones, of which the answer does not speak.
    """
    for records in (study.counted, study.records):
        every = [record for record in records if record.settings_from == "published"]
        if every:
            return [record for record in every if record.base == base] or every
    return study.counted or study.records


def _prediction(study: Study, base: str) -> str:
    """Whether what helps GANs more also helps RL more, beside what one task says of another."""
    found = transfer.transfer(study, base).prediction if base else None
    if found is None or not math.isfinite(found.spearman.value):
        return (
            "Whether effects in GANs predict those in RL is not known: it takes "
            f"{transfer.FEWEST} strategies with unlike effects in both."
        )
    known = found.spearman
    words = "are not shown to"
    if known.low > 0.0 or known.high < 0.0:
        words = "do" if known.low > 0.0 else "do, with the opposite sign,"
    yardsticks = " and ".join(
        f"{two(each.value)} [{two(each.low)}, {two(each.high)}] {PLACES[domain]}"
        for domain, each in found.within.items()
    )
    return (
        f"Effects in GANs {words} predict those in RL: over {found.strategies} strategies "
        f"Spearman's correlation is {two(known.value)} [{two(known.low)}, {two(known.high)}], "
        f"where one task is predicted by the others of its own domain with {yardsticks}."
    )


def _verdicts(base: str, rows: Sequence[Finding]) -> str:
    if not rows:
        return "No strategy has been measured on a GAN or RL task yet, so there is no verdict."
    open_rows = [row for row in rows if row.verdict == "undetermined"]
    by_name = {name: [r for r in rows if r.verdict == name] for name in verdicts.VERDICTS[:-1]}
    decided = [f"{name} ({_named(found)})" for name, found in by_name.items() if found]
    reasons = _reasons(open_rows)
    if not decided:
        return (
            f"On the base {base} no strategy has a verdict yet: {len(open_rows)} of {len(rows)} "
            f"{_are(len(open_rows))} undetermined, {reasons}."
        )
    left, judged = len(open_rows), len(rows) - len(open_rows)
    rest = f"; {left} {_are(left)} undetermined, {reasons}" if left else ""
    rival = ", alternatives in place of what they replace," * any(row.instead_of for row in rows)
    have = f"{_of(judged, len(rows))}{rival} {'has' if judged == 1 else 'have'}"
    return f"On the base {base} {have} a verdict: {_and(decided)}{rest}."


def _named(rows: Sequence[Finding]) -> str:
    """The strategies of a verdict, and where one is inert; their number if they are many."""
    if len(rows) > MOST_NAMED:
        return str(len(rows))
    names = []
    for row in rows:
        inert = [PLACES[d] for d, part in row.domains.items() if part.state == "inert"]
        names.append(row.label + "".join(f", inert {place}" for place in inert))
    return "; ".join(names)


def _reasons(rows: Sequence[Finding]) -> str:
    """Why rows are undetermined, each for the first reason that holds."""
    counts: Counter[str] = Counter()
    for row in rows:
        parts = row.domains.values()
        if any(part.state == "missing" for part in parts):
            counts["for want of records in one of the domains"] += 1
        elif row.evidence == "smoke test":
            counts[f"for want of seeds (fewer than {verdicts.CLAIM_SEEDS})"] += 1
        elif any(part.lacking for part in parts):
            counts["for want of tasks"] += 1
        else:
            counts["because an interval leaves it open"] += 1
    if len(counts) == 1:
        return next(iter(counts))
    return _and([f"{count} {why}" for why, count in counts.most_common()])


def _both(rows: Sequence[Finding]) -> tuple[str, list[Finding]]:
    """What is shown to help in both domains, or else what comes nearest; and the rows named."""
    known = [row for row in rows if all(part.effect for part in row.domains.values())]
    known.sort(key=lambda row: -_lowest(row))
    found = [row for row in known if row.verdict == "transfers"]
    if found:
        first = f"{found[0].label}, whose {BOTH} is {_effects(found[0])}"
        rest = [row.label for row in found[1:]]
        also = f"; so {'does' if len(rest) == 1 else 'do'} {_and(rest)}" if rest else ""
        return f"Shown to help in both domains is {first}{also}.", found
    if not known:
        return "No strategy has effects in both domains yet, so none is shown to transfer.", []
    return (
        f"None is shown to help in both domains; by the lower ends of the intervals "
        f"{known[0].label} comes nearest, whose {BOTH} is {_effects(known[0])}."
    ), known[:1]


def _lowest(row: Finding) -> float:
    return min(part.effect.low if part.effect else math.nan for part in row.domains.values())


def _effects(row: Finding) -> str:
    return _and([f"{_effect(row, domain)} {PLACES[domain]}" for domain in DOMAINS])


def _effect(row: Finding, domain: str) -> str:
    part = row.domains[domain]
    found = part.effect
    if found is None:
        return "unknown"
    way = "; by removing it" if part.removed else ""
    tasks = f"{len(found.tasks)} task{'s' * (len(found.tasks) != 1)}"
    seeds = f"{found.runs} seed{'s' * (found.runs != 1)}"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}; {tasks}, {seeds}{way}]"


def _domain(rows: Sequence[Finding], domain: str) -> tuple[str, list[Finding]]:
    """How many help and hurt in one domain, and which the most; and the rows named."""
    place = PLACES[domain] if domain != DOMAINS[0] else f"I{PLACES[domain][1:]}"
    known = [row for row in rows if row.domains[domain].effect]
    if not known:
        return f"{place} no strategy has been measured", []
    parts, named = [], []
    for state, verb, sign in (("helps", "help", -1.0), ("hurts", "hurt", 1.0)):
        found = [row for row in known if row.domains[domain].state == state]
        found.sort(key=lambda row: sign * _value(row, domain))
        if found:
            named.append(found[0])
            most = f"{found[0].label}{' the most' * (len(found) > 1)}"
            shown = f"{len(found)} {_are(len(found))} shown to {verb}"
            parts.append(f"{shown}, {most} ({_effect(found[0], domain)})")
    mixed = sum(row.domains[domain].state == "mixed" for row in known)
    if mixed:
        both = "better on one task and worse on another, whatever their mean"
        parts.append(f"{mixed} {_are(mixed)} {both}")
    measured = f"of {len(known)} {'strategy' if len(known) == 1 else 'strategies'} measured"
    if not parts:
        return f"{place}, {measured}, none is shown to help or to hurt", []
    return f"{place}, {measured}, {_and(parts)}", named


def _value(row: Finding, domain: str) -> float:
    found = row.domains[domain].effect
    return found.value if found else 0.5


def _evidence(study: Study, base: str) -> str:
    """Seeds, cost, failures, and whether the controls are what they must be."""
    records = its_records(study, base)
    own = _failed([record for record in records if record.strategy is None])
    others = _failed([record for record in records if record.strategy is not None])
    counts = sorted({len(record.seeds) for record in records})
    seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    cells = f"{len(records)} cell{'s' * (len(records) != 1)} of {seeds} "
    cells += "seed" if counts == [1] else "seeds"
    hours = sum(sum(r.seconds.values()) * r.provenance.threads for r in records) / 3600.0
    on_base = f" on the base {base}" if base else ""
    return (
        f"The evidence{on_base} is {cells}, where a verdict needs {verdicts.CLAIM_SEEDS}, made in "
        f"{hours:.1f} core-hours; of the base {own} failed, of all others {others}; "
        f"{_controls(study, base)}."
    )


def _failed(records: Sequence[Record]) -> str:
    runs = [seed for record in records for seed in record.seeds]
    failed = sum(seed.status != "ok" for seed in runs)
    return f"{failed} of {len(runs)} run{'s' * (len(runs) != 1)}" if runs else "no run"


def _controls(study: Study, base: str) -> str:
    controls = [row for row in study.findings.get(base, ()) if row.expected is not None]
    wrong = [row for row in controls if row.verdict != row.expected]
    if not controls:
        return "no control has been run"
    if not wrong:
        return f"{_of(len(controls), len(controls), 'control')} {_are(len(controls))} as expected"
    return _and(
        [
            f"the control {row.label}, which must be {row.expected}, is {row.verdict}"
            for row in wrong
        ]
    )


def _of(count: int, every: int, noun: str = "strategy") -> str:
    """ "3 of 5 strategies", "all 5 strategies", "both strategies", "the one strategy"."""
    plural = "strategies" if noun == "strategy" else f"{noun}s"
    if every == 1:
        return f"the one {noun}"
    if count == every == 2:
        return f"both {plural}"
    return f"all {every} {plural}" if count == every else f"{count} of {every} {plural}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _and(parts: Sequence[str]) -> str:
    return ", ".join(parts) if len(parts) < 2 else f"{', '.join(parts[:-1])} and {parts[-1]}"
