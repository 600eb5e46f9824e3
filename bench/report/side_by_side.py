"""Two sets of records side by side: what changed between them, and whether it is noise.

The sets are two submissions, two versions of the code, or two strategies of one submission. The
statistics are those of reports: P(the second is better), its interval, the exact test, Holm's
adjustment. Unlike reports, this compares across processors, versions and code, and says where.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.stats import norm

from bench.experiment.kits import parts
from bench.records.acts import equal
from bench.records.rank_tests import holm
from bench.records.record import Record
from bench.records.store import unlike
from bench.report import stats, verdicts
from bench.report.arms import members
from bench.report.cells import CellResult, comparisons

Word = Literal["equal", "better", "worse", "equivalent", "unclear"]
WORDS: dict[verdicts.State, Word] = {
    "helps": "better",
    "hurts": "worse",
    "equivalent": "equivalent",
}
POWER = 0.8
"""The probability with which the seeds in `Pair.settle` show a difference of the size measured."""


@dataclass(frozen=True)
class Pair:
    """One cell of the first set and its counterpart in the second, which is judged against it."""

    first: Record
    second: Record
    effect: stats.Effect  # P(the second is better), by the final score
    same: bool | None  # all common seeds' curves are equal to the bit; None without common seeds
    word: Word = "unclear"
    p_adjusted: float = 1.0
    settle: int | None = None  # seeds of each that would settle what is unclear

    @property
    def name(self) -> str:
        """TASK/CELL, and the second's where it has another name."""
        start = f"{self.first.task}/{self.first.cell}"
        other = self.second.cell
        return start if other == self.first.cell else f"{start}, {other}"

    @property
    def common(self) -> int:
        """The number of seeds that both have."""
        return len({s.seed for s in self.first.seeds} & {s.seed for s in self.second.seeds})

    @property
    def differs(self) -> list[str]:
        """What differs in how both were made: "spec", and parts of provenance with both values.

        Two strategies have two specs anyway.
        """
        made = self.first.provenance, self.second.provenance
        alike = _key(self.first) == _key(self.second)
        found = ["spec"] if alike and made[0].spec != made[1].spec else []
        found += ["data"] if made[0].data != made[1].data else []
        return found + [text for text in unlike(*made).split("; ") if text]


@dataclass(frozen=True)
class SideBySide:
    """Cells that both sets have, and those that they do not share; all sorted."""

    pairs: tuple[Pair, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]  # TASK/CELL, and why it cannot be compared

    def count(self, *words: Word) -> int:
        """How many pairs have one of these words."""
        return sum(pair.word in words for pair in self.pairs)

    @property
    def differences(self) -> list[tuple[str, int]]:
        """What differs in how cells were made, and in how many of them; the most frequent first."""
        return Counter(text for pair in self.pairs for text in pair.differs).most_common()


def side_by_side(
    first: Iterable[Record],
    second: Iterable[Record],
    strategies: tuple[str, str] | None = None,
) -> SideBySide:
    """Compare two sets of records, cell by cell: same task, base and strategies.

    With two `strategies`, cells of the one are compared with those of the other on the same task
    and base, added or removed alike. Names in another order, and a kit and the sum of its parts,
    are the same.
    """
    wanted = strategies or (None, None)
    key = _key if strategies is None else _place
    refused: list[tuple[str, str]] = []
    known = [
        _known(each, key, name, refused) for each, name in zip((first, second), wanted, strict=True)
    ]
    shared = [k for k in known[0] if k in known[1]]
    pairs = []
    boot = stats.Bootstrap()
    for k in shared:
        one, other = known[0][k], known[1][k]
        if (one.score_info, one.domain) != (other.score_info, other.domain):
            refused.append((f"{one.task}/{one.cell}", "the two are scored differently"))
        elif one.protocol_version != other.protocol_version:
            versions = f"{one.protocol_version} and {other.protocol_version}"
            refused.append((f"{one.task}/{one.cell}", f"protocols {versions}"))
        else:
            pairs.append(_pair(one, other, boot))
    only = [
        tuple(sorted(f"{r.task}/{r.cell}" for k, r in own.items() if k not in others))
        for own, others in (known, known[::-1])
    ]
    judged = sorted(_judged(pairs), key=lambda pair: pair.name)
    return SideBySide(tuple(judged), only[0], only[1], tuple(sorted(refused)))


def named(strategy: str) -> tuple[frozenset[str], str]:
    """The members of a strategy's name, such as "r1+r2" or "r1~tuned", and whose settings."""
    sum_, _, variant = strategy.partition("~")
    return frozenset(p for name in sum_.split("+") for p in parts(name)), variant or "published"


def has(record: Record, strategy: str) -> bool:
    """Whether a cell is one of this strategy: added to its base, removed, or in a rival's place."""
    own = record.strategy is not None and named(record.strategy)[0]
    return (own, record.settings_from) == named(strategy)


def _known(
    records: Iterable[Record],
    key: Callable[[Record], tuple[Any, ...]],
    strategy: str | None,
    refused: list[tuple[str, str]],
) -> dict[tuple[Any, ...], Record]:
    """The records of a strategy, or all, by key; further ones with the same key are refused."""
    found: dict[tuple[Any, ...], Record] = {}
    for record in records:
        if strategy is not None and not has(record, strategy):
            continue
        known = found.setdefault(key(record), record)
        if known is not record:
            refused.append((f"{record.task}/{record.cell}", f"the same learner as {known.cell}"))
    return found


def _key(record: Record) -> tuple[Any, ...]:
    """What two records of the same cell have in common, whatever the order of names."""
    start = record.task, record.base, record.play, record.updates, record.settings_from
    return *start, members(record)


def _place(record: Record) -> tuple[Any, ...]:
    """What cells of two strategies have in common."""
    start = record.task, record.base, record.play, record.updates
    return *start, record.contrast, record.instead_of


def _pair(first: Record, second: Record, boot: stats.Bootstrap) -> Pair:
    treated, base = CellResult.of(second), CellResult.of(first)
    found = comparisons(first.task, treated, base, boot)["final"]
    common = {s.seed for s in first.seeds} & {s.seed for s in second.seeds}
    same = equal(first, second) if common else None
    return Pair(first, second, stats.effect([found]), same)


def _judged(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs with their words. Those that are equal to the bit are not tested, so not adjusted."""
    tested = [pair for pair in pairs if not pair.same]
    adjusted = holm([pair.effect.p for pair in tested])
    judged = [replace(pair, word="equal") for pair in pairs if pair.same]
    for pair, p in zip(tested, adjusted, strict=True):
        word = WORDS.get(verdicts.state(pair.effect, p), "unclear")
        settle = _settle(pair.effect, len(tested)) if word == "unclear" else None
        judged.append(replace(pair, word=word, p_adjusted=p, settle=settle))
    return judged


def _settle(found: stats.Effect, tests: int) -> int:
    """How many seeds of each would show a difference of the size measured, or of EPS if that is
    larger, in four of five cases: n = (z(1 - alpha / 2) + z(POWER))^2 / (6 (P - 1/2)^2).

    Noether (1987, equation 9 for equal numbers), with alpha divided by the number of tests. Where
    the difference is in fact below EPS, about as many show that.
    """
    alpha = (1.0 - stats.LEVEL) / tests
    size = max(abs(found.value - 0.5), verdicts.EPS)
    z = float(norm.ppf(1.0 - alpha / 2.0) + norm.ppf(POWER))
    return max(math.ceil(z * z / (6.0 * size * size)), found.runs + 1)


def closing(found: SideBySide) -> str:
    """What it comes to, in one line."""
    total, equal_ = len(found.pairs), found.count("equal")
    texts = [
        f"{equal_} equal to the bit",
        f"{found.count('better', 'worse')} significantly different "
        f"({found.count('better')} better, {found.count('worse')} worse)",
    ]
    if found.count("equivalent"):
        texts.append(f"{found.count('equivalent')} equivalent")
    unclear = f"{found.count('unclear')} not to be told from noise"
    needed = sorted({pair.settle for pair in found.pairs if pair.settle is not None})
    if needed:
        span = str(needed[0]) if len(needed) == 1 else f"{needed[0]} to {needed[-1]}"
        what = "it" if found.count("unclear") == 1 else "them"
        unclear += f" ({span} seeds of each would settle {what})"
    return f"{total} cell{'s' * (total != 1)} compared: {', '.join([*texts, unclear])}"


def frame(found: SideBySide) -> pd.DataFrame:
    """One row per pair; medians in the score's unit count failures as worst, and are then inf."""
    made = pd.DataFrame([row(pair) for pair in found.pairs], columns=[*COLUMNS])
    return made.astype({"seeds_to_settle": "Int64"})


COLUMNS = (
    *("task", "base", "cell_a", "cell_b", "metric", "better", "seeds_a", "seeds_b", "common_seeds"),
    *("median_a", "median_b", "failures_a", "failures_b", "improvement", "low", "high", "p"),
    *("p_adjusted", "word", "seeds_to_settle", "equal_to_the_bit", "seconds_per_seed_a"),
    *("seconds_per_seed_b", "time_ratio", "spec_a", "spec_b", "differs"),
)


def row(pair: Pair) -> dict[str, Any]:
    """All numbers of a pair by the names of `COLUMNS`."""
    sides = {"a": pair.first, "b": pair.second}
    info = pair.first.score_info
    made: dict[str, Any] = {
        **{"task": pair.first.task, "base": pair.first.base},
        **{"metric": info.metric, "better": info.better, "common_seeds": pair.common},
        **{"improvement": pair.effect.value, "low": pair.effect.low, "high": pair.effect.high},
        **{"p": pair.effect.p, "p_adjusted": pair.p_adjusted, "word": pair.word},
        **{"seeds_to_settle": pair.settle, "equal_to_the_bit": pair.same},
        "time_ratio": slower(pair),
        "differs": "; ".join(pair.differs),
    }
    for side, record in sides.items():
        made |= {
            f"cell_{side}": record.cell,
            f"seeds_{side}": len(record.seeds),
            f"median_{side}": median(record),
            f"failures_{side}": CellResult.of(record).failures,
            f"seconds_per_seed_{side}": seconds(record),
            f"spec_{side}": record.provenance.spec,
        }
    return made


def median(record: Record) -> float:
    """The median score over seeds, in its unit; a failure counts as worst, which is infinite."""
    sign = 1.0 if record.score_info.better == "higher" else -1.0
    return sign * float(np.median(CellResult.of(record).scores.values))


def seconds(record: Record) -> float:
    """Wall time of a seed [s]."""
    return math.fsum(record.seconds.values()) / record.seconds_seeds


def slower(pair: Pair) -> float:
    """The second's time per seed over the first's; NaN where the first took none."""
    before = seconds(pair.first)
    return seconds(pair.second) / before if before else math.nan
