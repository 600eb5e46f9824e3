"""Whether a cell that was run again agrees with its record.

**Made alike** (`bench.records.store.unlike` finds nothing: libraries, processor, code path and
threads are the same): seeds are equal to the last bit, outcome included. Where both were made at
one commit, all must be. At another commit edits that count as neutral (`bench.experiment.spec`) may
round otherwise, and a processor may share its name with another one: then all seeds part, and the
cell counts as made otherwise. But rounding does not spare half of the seeds: if so many are equal,
the others must be so within `STEP_0`, or they were changed. In the seven tasks below a seed was
equal to the last bit on `dirac` alone, and there the others were equal within 1e-6.

**Made otherwise**, rounding differs in the seventh digit, and training amplifies that. Ten seeds of
the bare cells with AVX2 in place of AVX512, against `results/2/bases`, by code that counts as the
same, gave, relative to the larger of both numbers:

| | step 0, any metric | first evaluation, score: median, largest |
|---|---|---|
| `dirac`, `lqr` | 0 | 0, 7e-7 |
| `reacher` | 6e-7 | 4e-5, 0.16 |
| `pendulum`, `pendulum_many` | 0 | 7e-3, 0.09 |
| `ring8` | 0 | 0.03, 0.13 |
| `digits400` | 6e-7 | 0.06, 0.35 |
| 21 other tasks | 1e-6 | |
| `halfcheetah_small`, `hopper_small` | 0.72, 0.05 | |
| `inverted_double_pendulum`, `walker2d_small` | 0.33, 0.95 | |

- *Step 0*, before training, is held to `STEP_0`, a thousand times what was seen, seed by seed: of
  each metric one seed in five may be off, because a count may change by one. Where episodes are
  played in an environment of another library, as in the last four tasks, it is not held.
- *Evaluations after that* are not compared: honest runs have parted by the first one. Of `reacher`
  it was neutral edits alone that did this; AVX2 moves its first evaluation by 5e-7.
- *The two endpoints*, final score and area, are compared in distribution: an exact two-sided rank
  test of all seeds of the record against those of the re-run, failures worst. With p doubled,
  because there are two, an honest cell differs with a probability of at most `LEVEL`, shared by
  all cells that were drawn with it. Common seeds make that less.

A number that was forged is found by chance. Normal scores moved by so many standard deviations, at
one endpoint, are found with a probability of (40,000 simulations each):

| seeds | moved by 0.5 | 1 | 1.5 | 2 | 2.5 | 3 |
|---|---|---|---|---|---|---|
| one cell, 10 against 10 | 0.03 | 0.18 | 0.51 | 0.83 | 0.97 | 1.00 |
| one cell, 20 against 10 | 0.05 | 0.30 | 0.74 | 0.96 | 1.00 | 1.00 |
| each of five, 10 against 10 | 0.01 | 0.06 | 0.27 | 0.61 | 0.87 | 0.98 |
| each of five, 20 against 10 | 0.02 | 0.15 | 0.53 | 0.88 | 0.99 | 1.00 |

Below six against six seeds (seven for five cells) the test can never reject: nothing can be told.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.records.json_file import Number
from bench.records.rank_tests import EXACT_SEEDS, Sample, rank_test
from bench.records.record import Provenance, Record, SeedResult
from bench.records.store import unlike

Outcome = Literal["agrees", "differs", "cannot tell"]

LEVEL = 0.01
"""How often an honest draw, or an honest cell chosen by hand, differs by chance, at most."""
STEP_0, FLOOR = 1e-3, 1e-5
"""By how much numbers before training may differ: relative to the larger one, and at all."""
ONE_IN_SO_MANY_MAY_BE_OFF = 5
"""Of a metric before training: one seed in five may differ."""
ENDPOINTS: tuple[Literal["score", "area"], ...] = ("score", "area")
ELSEWHERE = re.compile(r"[A-Za-z0-9]+-v\d+ ")
"""The label of an environment of another library; the project's own have a slash, or no version."""


@dataclass(frozen=True)
class Agreement:
    """Whether a record and its re-run agree, and one line on why."""

    outcome: Outcome
    why: str


def compare(record: Record, rerun: Record, cells: int = 1) -> Agreement:
    """Compare a record with a re-run of its first seeds, one of so many `cells` drawn together."""
    if (record.task, record.cell) != (rerun.task, rerun.cell):
        return Agreement("cannot tell", f"a re-run of another cell, {rerun.task}/{rerun.cell}")
    specs = record.provenance.spec, rerun.provenance.spec
    if specs[0] != specs[1]:
        return Agreement("cannot tell", f"made by other code: spec {specs[0]}, re-run {specs[1]}")
    again = {result.seed: result for result in rerun.seeds}
    pairs = [(result, again[result.seed]) for result in record.seeds if result.seed in again]
    if not pairs:
        return Agreement("cannot tell", "no seed in common")
    otherwise = unlike(record.provenance, rerun.provenance)
    if otherwise:
        made = f"made otherwise ({otherwise})"
    else:
        parted = [(one.seed, where) for one, other in pairs if (where := _parts(one, other))]
        if not parted:
            return Agreement("agrees", f"equal bit for bit on {_seeds(len(pairs))}")
        if _one_commit(record.provenance, rerun.provenance) or _spared(pairs):
            seed, where = parted[0]
            more = f", and {len(parted) - 1} of {len(pairs) - 1} others do" if parted[1:] else ""
            return Agreement("differs", f"made alike, but seed {seed} differs {where}{more}")
        commits = " and ".join(_short(each.provenance) for each in (record, rerun))
        made = f"made alike but for rounding, at {commits}"
    return _in_distribution(record, rerun, pairs, LEVEL / cells, made)


Pairs = Sequence[tuple[SeedResult, SeedResult]]
"""Of each common seed the result in the record and in the re-run."""


def _one_commit(one: Provenance, other: Provenance) -> bool:
    """Whether the code is known to be the same, neutral edits included."""
    return one.commit is not None and one.commit == other.commit and not (one.dirty or other.dirty)


def _short(made: Provenance) -> str:
    changed = " with changes" if made.dirty else ""
    return "no commit" if made.commit is None else f"{made.commit[:7]}{changed}"


def _spared(pairs: Pairs) -> bool:
    """Whether half of the seeds are equal to the last bit, and others are not even so to rounding.

    Seeds that diverge are equal whatever was rounded, once they have: they say nothing.
    """
    live = [(one, other) for one, other in pairs if one.status != "diverged"]
    equal = sum(not _parts(one, other) for one, other in live)
    off = any(_parts(one, other, STEP_0, FLOOR) for one, other in pairs)
    return off and equal > 0 and 2 * equal >= len(live)


def _parts(one: SeedResult, other: SeedResult, relative: float = 0.0, floor: float = 0.0) -> str:
    """Where two results of a seed part by more than that; "" if they do not.

    Of metrics that only one of them has kept nothing is known.
    """
    steps = [[point.step for point in result.curve] for result in (one, other)]
    if steps[0] != steps[1]:
        return "in the steps at which it is evaluated"
    for left, right in zip(one.curve, other.curve, strict=True):
        for name in sorted(left.metrics.keys() & right.metrics):
            if not _near(left.metrics[name], right.metrics[name], relative, floor):
                return f"from step {left.step} on, in {name}"
    for name in ("status", "first_bad_step"):
        if getattr(one, name) != getattr(other, name):
            return f"in {name}: {getattr(one, name)}, re-run {getattr(other, name)}"
    for name in ("score", "area", "last", "best"):
        if not _near(
            getattr(one, name), getattr(other, name), max(relative, 1e-9), max(floor, 1e-12)
        ):
            return f"in {name}, which does not follow from its curve"
    return ""


def _in_distribution(
    record: Record, rerun: Record, pairs: Pairs, level: float, made: str
) -> Agreement:
    held = not ELSEWHERE.match(rerun.provenance.environment or "")
    off = _off_at_the_start(pairs) if held else ""
    if off:
        return Agreement("differs", f"{made}: step 0 differs, in {off}")
    start = "step 0 agrees" if held else "step 0 depends on rounding"
    n, m = min(len(record.seeds), EXACT_SEEDS - len(rerun.seeds)), len(rerun.seeds)
    sizes = f"{n} against {_seeds(m)}"
    if n < 1 or len(ENDPOINTS) * 2 / math.comb(n + m, m) > level:
        return Agreement("cannot tell", f"{made}: {start}, but {sizes} are too few for a test")
    found = {name: _p(record.seeds[:n], rerun, name) for name in ENDPOINTS}
    worst = min(ENDPOINTS, key=lambda name: found[name])
    p = min(1.0, len(ENDPOINTS) * found[worst])
    text = f"{made}: {start}, p = {p:.2g} of the final scores and areas ({sizes})"
    if p <= level:
        return Agreement("differs", f"{text}, by the {worst}; at most {level:.2g} differs")
    return Agreement("agrees", text)


def _off_at_the_start(pairs: Pairs) -> str:
    """The metric in which more seeds than may be off differ before training; "" if there is none.

    A record whose curves do not start at step 0 differs too.
    """
    off: Counter[str] = Counter()
    for one, other in pairs:
        left, right = one.curve[0], other.curve[0]
        if left.step != right.step:
            return "its number"
        for name in left.metrics.keys() & right.metrics:
            off[name] += not _near(left.metrics[name], right.metrics[name], STEP_0, FLOOR)
    most = len(pairs) // ONE_IN_SO_MANY_MAY_BE_OFF
    wrong = sorted(name for name, count in off.items() if count > most)
    return f"{wrong[0]} of {off[wrong[0]]} of {_seeds(len(pairs))}" if wrong else ""


def _near(one: Number, other: Number, relative: float, floor: float) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=relative, abs_tol=floor)


def _p(seeds: Sequence[SeedResult], rerun: Record, name: Literal["score", "area"]) -> float:
    """Of an endpoint's exact rank test; areas are better the higher they are, whatever scores."""
    sign = -1.0 if name == "score" and rerun.score_info.better == "lower" else 1.0
    arms = [
        np.array([-np.inf if (x := getattr(each, name)) is None else sign * x for each in arm])
        for arm in (seeds, rerun.seeds)
    ]
    return rank_test([Sample(arms[0], arms[1])])


def _seeds(count: int) -> str:
    return f"{count} seed{'s' * (count != 1)}"
