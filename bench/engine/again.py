"""Runs cells of a submission again, compares, and keeps what came out beside its records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.engine.rerun import Target
from bench.records import store
from bench.records.json_file import CorruptRecord
from bench.records.paths import record_path
from bench.submissions import agreement, check
from bench.submissions.agreement import Agreement
from bench.submissions.check import Check
from bench.submissions.draw import Draw


class AnotherDraw(ValueError):
    """A draw by a hash by which others were drawn before."""


@dataclass(frozen=True)
class Judged:
    """Whether a cell agrees with its re-run, and where its check is."""

    target: Target
    agreement: Agreement
    where: str
    lost: str = ""  # why there is none, although one should be


def draw(submission: Path, ref: str, size: int, pool: dict[str, Target]) -> Draw:
    """Return the draw from these targets, by TASK/CELL; with more cells if it drew more before.

    Raises `AnotherDraw` if there is one by this hash from other records.
    """
    protocol, name = submission.parts[-2:]
    hashes = {
        cell: Check.of(each.path, each.raw, each.record).sha256 for cell, each in pool.items()
    }
    path = check.draw_path(submission, ref)
    try:
        before = check.read_draw(path)
    except CorruptRecord:  # or none
        before = None
    if before is not None and before.pool != hashes:
        raise AnotherDraw(f"{path} is a draw from other records; draw by a later commit")
    most = max(size, before.size if before else 1)
    return Draw(protocol_version=protocol, submission=name, ref=ref, size=most, pool=hashes)


def run(
    targets: Sequence[Target],
    folder: Path,
    train: Callable[[Sequence[Target]], bool],
    *,
    resume: bool,
    one_by_one: bool,
) -> Iterator[Judged]:
    """Yield what each cell came to; of cells that were not run to the end there is nothing.

    `train` runs cells into the folder, and says whether to go on. `resume` takes what was checked
    before; `one_by_one`, what is done is kept even if a later cell fails.
    """
    left = []
    for each in targets:
        known = _before(each) if resume else None
        if known is None:
            left.append(each)
        else:
            yield known
    groups = [[each] for each in left] if one_by_one else [left] if left else []
    for group in groups:
        goes_on = train(group)
        yield from (judged for each in group if (judged := _judge(each, folder)))
        if not goes_on:
            return


def _before(each: Target) -> Judged | None:
    """What an earlier check says, if it counts, and the same seeds or more were run."""
    try:
        found = check.read(check.check_path(each.path))
    except CorruptRecord:  # or none
        return None
    few = len(found.rerun.seeds) < each.seeds
    if few or not found.holds(each.path) or found.flaw(each.record):
        return None
    return Judged(each, _compare(each, found), "checked before")


def _judge(each: Target, folder: Path) -> Judged | None:
    """Compare and keep the check; None if there is nothing to compare."""
    path = record_path(folder, each.cell)
    rerun = store.read(path) if path.exists() else None
    if rerun is None or len(rerun.seeds) < each.seeds:
        return None
    place, made = check.check_path(each.path), Check.of(each.path, each.raw, rerun)
    found, flaw = _compare(each, made), made.flaw(each.record)
    if flaw:  # it could not count
        return Judged(each, found, f"not kept: {flaw}")
    try:
        check.write(place, made)
    except (OSError, ValueError) as error:  # a full disk, or more seeds than there is room for
        why = f"the check of {each.label} is not kept, its re-run is in {path}: {error}"
        return Judged(each, found, "not kept", why)
    return Judged(each, found, str(place))


def _compare(each: Target, made: Check) -> Agreement:
    cells = check.shared(check.draws(each.path.parents[1]), made)
    return agreement.compare(each.record, made.rerun, cells)
