"""Transfer in three senses: as prediction over strategies, as verdicts, and as a decision.

Prediction comes first: does what helps GANs more also help RL more? It is a rank correlation over
strategies of their mean effects, and depends on no threshold. Beside it stand two yardsticks: how
well one task of a domain is predicted by the others of the same domain, and what the correlation
would be if effects were measured on endlessly many tasks (Spearman, 1904).

Shapes: S strategies, T tasks, R resamples. Of a strategy that is inert on a task there is no
effect; it is left out of that task.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from bench.experiment import registry
from bench.records.rank_tests import Floats
from bench.report import stats
from bench.report.correlation import Estimate, correlations, estimate, kendall, mean, spearman
from bench.report.findings import DOMAINS, Finding, Study

RESAMPLES = 400
FEWEST = 5
"""Strategies, below which a correlation says nothing."""
HOMES = ("gan", "rl", "both")


@dataclass(frozen=True)
class Prediction:
    """Correlations over n strategies."""

    strategies: int
    spearman: Estimate
    kendall: Estimate
    within: dict[str, Estimate]  # domain -> one task by the others of the domain
    across: Estimate  # one task by the mean of the other domain
    reliability: dict[str, float]  # domain -> of its mean effects, by split halves of tasks
    disattenuated: float  # Spearman's, if both were measured on endlessly many tasks


@dataclass(frozen=True)
class Choice:
    """Taking the strategy that is best in one domain to the other one."""

    chosen: str
    regret: Estimate  # how much better the best one there is
    random: float  # the same of a strategy picked at random


@dataclass(frozen=True)
class Home:
    """Strategies by the domain in which they were born."""

    home: str
    strategies: int
    effects: dict[str, float]  # domain -> their mean effect
    helps: dict[str, int]  # domain -> how many help there
    away: dict[str, int]  # of those that help at home: states in the other domain


@dataclass(frozen=True)
class Transfer:
    """What one base says."""

    base: str
    prediction: Prediction | None
    states: dict[tuple[str, str], int]  # states in GANs and in RL -> strategies
    choices: dict[str, Choice]  # domain in which it is chosen -> what that costs in the other
    modes: dict[tuple[str, str], Estimate]  # failure modes in GANs and in RL -> Spearman's
    homes: tuple[Home, ...]


@dataclass(frozen=True)
class Effects:
    """Effects of the strategies of one domain."""

    tasks: tuple[str, ...]
    values: Floats  # [S, T], NaN where there is none
    samples: Floats  # [R, S, T]

    @property
    def means(self) -> Floats:
        """[S]."""
        return mean(self.values)


def singles(study: Study, base: str) -> list[Finding]:
    """One row per strategy of the catalogue, with its published settings.

    Of an alternative to a part of the base that in its place: beside its rival it looks harmful.
    """
    known = registry.strategies()
    found: dict[str, Finding] = {}
    for row in study.findings.get(base, ()):
        entry = known.get(row.strategy)
        if entry is None or entry.home not in HOMES or "~" in row.label:
            continue
        if len(row.instead_of) == 1 and row.instead_of[0] in entry.instead_of:
            found[row.strategy] = row
        elif row.label == row.strategy:
            found.setdefault(row.strategy, row)
    return list(found.values())


@lru_cache(maxsize=4)
def transfer(study: Study, base: str) -> Transfer:
    """All three senses, of `singles`."""
    rows = singles(study, base)
    states: Counter[tuple[str, str]] = Counter(
        (row.domains["gan"].state, row.domains["rl"].state) for row in rows
    )
    homes = tuple(home for home in (_home(rows, name) for name in HOMES) if home.strategies)
    both = [row for row in rows if all(part.effect for part in row.domains.values())]
    if len(both) < FEWEST:
        return Transfer(base, None, dict(states), {}, {}, homes)
    gan, rl = (_effects(study, both, domain) for domain in DOMAINS)
    choices = {"gan": _choice(both, gan, rl), "rl": _choice(both, rl, gan)}
    return Transfer(base, _prediction(gan, rl), dict(states), choices, _modes(gan, rl), homes)


def _effects(study: Study, rows: list[Finding], domain: str) -> Effects:
    boot = stats.Bootstrap(times=RESAMPLES)
    names = sorted({t for row in rows if (e := row.domains[domain].effect) for t in e.tasks})
    values = np.full((len(rows), len(names)), math.nan)
    samples = np.full((RESAMPLES, *values.shape), math.nan)
    for number, row in enumerate(rows):
        effect = row.domains[domain].effect
        assert effect is not None
        for each in effect.comparisons:
            column = names.index(each.task)
            values[number, column] = each.value
            drawn = stats.compare(each.task, each.treated, each.base, boot)
            samples[:, number, column] = drawn.samples
    return Effects(tuple(names), values, samples)


def _prediction(gan: Effects, rl: Effects) -> Prediction:
    value = spearman(gan.means, rl.means)
    drawn = [mean(each) for each in _resampled(gan, rl)]
    reliability = {"gan": _reliability(gan.values), "rl": _reliability(rl.values)}
    whole = math.prod(reliability.values())
    return Prediction(
        len(gan.values),
        estimate(value, correlations(drawn[0], drawn[1])),
        estimate(
            kendall(gan.means, rl.means),
            np.array([kendall(*pair) for pair in zip(*drawn, strict=True)]),
        ),
        {"gan": _within(gan), "rl": _within(rl)},
        _across(gan, rl),
        reliability,
        max(-1.0, min(1.0, value / math.sqrt(whole))) if whole > 0.0 else math.nan,
    )


def _resampled(*domains: Effects, rows: bool = True, tasks: bool = True) -> tuple[Floats, ...]:
    """Effects [R, S, T] of each domain; seeds are drawn, tasks, and strategies (rows) jointly."""
    rng = np.random.default_rng(0)
    count, every = len(domains[0].values), np.arange(RESAMPLES)[:, None]
    chosen = rng.integers(0, count, (RESAMPLES, count)) if rows else np.arange(count)[None]
    drawn = []
    for each in domains:
        width = len(each.tasks)
        columns = rng.integers(0, width, (RESAMPLES, width)) if tasks else np.arange(width)[None]
        drawn.append(each.samples[every[:, :, None], chosen[:, :, None], columns[:, None, :]])
    return tuple(drawn)


def _within(each: Effects) -> Estimate:
    """The mean over tasks of the correlation with the mean of the domain's other tasks."""
    if len(each.tasks) < 2:
        return Estimate(math.nan)
    (drawn,) = _resampled(each, tasks=False)
    return estimate(float(_left_out(each.values[None])[0]), _left_out(drawn))


def _left_out(values: Floats) -> Floats:
    """[R], of effects [R, S, T]."""
    every = range(values.shape[2])
    each = [correlations(values[:, :, t], mean(np.delete(values, t, axis=2))) for t in every]
    return mean(np.array(each).T)


def _across(gan: Effects, rl: Effects) -> Estimate:
    """The mean over the tasks of both domains of the correlation with the other's mean."""

    def value(one: Floats, other: Floats) -> Floats:
        means = mean(one), mean(other)
        each = [correlations(one[:, :, t], means[1]) for t in range(one.shape[2])]
        each += [correlations(other[:, :, t], means[0]) for t in range(other.shape[2])]
        return mean(np.array(each).T)

    drawn = _resampled(gan, rl, tasks=False)
    return estimate(float(value(gan.values[None], rl.values[None])[0]), value(*drawn))


def _reliability(values: Floats, splits: int = 50) -> float:
    """The mean over random halves of the tasks of their correlation, for the whole number of tasks
    (Spearman, 1910; Brown, 1910); at least 0."""
    rng, width = np.random.default_rng(1), values.shape[1]
    if width < 2:
        return math.nan
    halves = []
    for _ in range(splits):
        order = rng.permutation(width)
        first, second = order[: width // 2], order[width // 2 :]
        halves.append(spearman(mean(values[:, first]), mean(values[:, second])))
    half = float(mean(np.array(halves)))
    return max(0.0, 2.0 * half / (1.0 + half)) if half > -1.0 else 0.0


def _choice(rows: list[Finding], here: Effects, there: Effects) -> Choice:
    """The regret's interval is over seeds and tasks of both domains, for these strategies."""
    drawn = [np.nan_to_num(mean(each), nan=-1.0) for each in _resampled(here, there, rows=False)]
    chosen = np.argmax(drawn[0], axis=1)
    best, first = float(there.means.max()), int(np.argmax(here.means))
    regrets = drawn[1].max(axis=1) - drawn[1][np.arange(RESAMPLES), chosen]
    return Choice(
        rows[first].label,
        estimate(best - float(there.means[first]), regrets),
        best - float(there.means.mean()),
    )


def _modes(gan: Effects, rl: Effects) -> dict[tuple[str, str], Estimate]:
    """Spearman's correlation of the mean effects on the tasks of one failure mode each."""
    drawn = _resampled(gan, rl, tasks=False)
    return {
        (left, right): estimate(
            spearman(mean(gan.values[:, own]), mean(rl.values[:, other])),
            correlations(mean(drawn[0][:, :, own]), mean(drawn[1][:, :, other])),
        )
        for left, own in _by_mode(gan.tasks).items()
        for right, other in _by_mode(rl.tasks).items()
    }


def _by_mode(tasks: tuple[str, ...]) -> dict[str, list[int]]:
    known, found = registry.tasks(), defaultdict(list)
    for column, name in enumerate(tasks):
        failure = known[name].failure if name in known else None
        if failure is not None:
            found[failure.kind].append(column)
    return dict(sorted(found.items()))


def _home(rows: list[Finding], home: str) -> Home:
    own = [row for row in rows if registry.strategies()[row.strategy].home == home]
    means = {}
    for domain in DOMAINS:
        values = [e.value for row in own if (e := row.domains[domain].effect)]
        means[domain] = float(mean(np.array(values)))
    helps = {d: sum(row.domains[d].state == "helps" for row in own) for d in DOMAINS}
    away: Counter[str] = Counter()
    if home in DOMAINS:
        other = DOMAINS[1 - DOMAINS.index(home)]
        away.update(row.domains[other].state for row in own if row.domains[home].state == "helps")
    return Home(home, len(own), means, helps, dict(away))


def table(found: Transfer) -> pd.DataFrame:
    """Every number with its interval, one per row: what, of which domain or mode, value."""
    rows: list[tuple[str, str, Estimate]] = []
    known = found.prediction
    if known:
        rows += [("spearman", "GAN to RL", known.spearman), ("kendall", "GAN to RL", known.kendall)]
        rows += [("disattenuated spearman", "GAN to RL", Estimate(known.disattenuated))]
        rows += [("one task by the others", d, each) for d, each in known.within.items()]
        rows += [("one task by the other domain", "both", known.across)]
        rows += [("reliability", d, Estimate(each)) for d, each in known.reliability.items()]
    for domain, choice in found.choices.items():
        rows.append((f"regret of {choice.chosen}, chosen in {domain}", domain, choice.regret))
        rows.append(("regret of a random pick", domain, Estimate(choice.random)))
    rows += [("spearman by failure mode", " to ".join(k), e) for k, e in found.modes.items()]
    count = known.strategies if known else 0
    return pd.DataFrame(
        [(what, where, e.value, e.low, e.high, count) for what, where, e in rows],
        columns=["what", "where", "value", "low", "high", "strategies"],
    )
