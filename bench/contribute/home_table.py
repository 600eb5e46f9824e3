"""The table of home evidence in strategies/README.md, from the records of `results/2/home`."""

from __future__ import annotations

from pathlib import Path

from bench.experiment.at_home import SUBMISSION
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.records.record import Record
from bench.records.store import Found, walk
from bench.report import home
from bench.report.home import Evidence

RECORDS = Path(__file__).resolve().parents[2] / "results" / PROTOCOL_VERSION / SUBMISSION

TRIED_HEAD = ("strategy", "cell", "against", "by", "effect")
HEAD = ("strategy", "claim of its source", "cell", "against", "by", "effect", "verdict")


def records(folder: Path = RECORDS) -> list[Record]:
    """The valid records in a folder; none if there is no such folder."""
    return [found.record for found in walk(folder) if isinstance(found, Found)]


def rows(found: dict[str, Evidence]) -> list[tuple[str, ...]]:
    """One row for each strategy, as texts of Markdown."""
    return [
        (
            f"`{name}`",
            one.declared.claim,
            *_pair(one),
            f"{one.verdict}: {one.declared.cause}" if one.declared.cause else one.verdict,
        )
        for name, one in found.items()
    ]


def tried(found: list[Evidence]) -> list[tuple[str, ...]]:
    """One row for each other pair."""
    return [(f"`{one.strategy}`", *_pair(one)) for one in found]


def _pair(one: Evidence) -> tuple[str, ...]:
    effect = "" if one.value is None else f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"
    return f"`{one.declared.cell}`", f"`{one.declared.against}`", one.declared.by, effect


def summary(found: dict[str, Evidence]) -> str:
    """How many are shown: "3 of 53 are shown, 2 are not, 48 were not run"."""
    verdicts = [one.verdict for one in found.values()]
    shown, missing = verdicts.count(home.SHOWN), verdicts.count(home.NOT_RUN)
    rest = len(verdicts) - shown - missing
    return f"{shown} of {len(verdicts)} are shown, {rest} are not, {missing} were not run"
