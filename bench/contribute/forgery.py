"""What a forgery is, and the tools by which forgeries are made: consistent records, with a hash."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.experiment.cell import Cell
from bench.experiment.spec import spec_hash
from bench.records.json_file import rounded
from bench.records.outcomes import outcome, summarise
from bench.records.record import Evaluation, ScoreInfo

Raw = dict[str, Any]
"""A record as its file has it."""

Kind = Literal["files", "JSON", "seeds", "curves", "values", "copies", "cells", "origin", "text"]


@dataclass(frozen=True)
class Forgery:
    """A submission that must not be believed: what it does, to a folder that is valid without it.

    `rerun` says that no look at the files can tell, so that only running the cell again does.
    """

    kind: Kind
    what: str
    plant: Callable[[Path, random.Random], None]
    rerun: bool = False


def edited(change: Callable[[Raw], object], cell: str = "ring8/bare+r1") -> Callable[..., None]:
    """A forgery that changes a record and leaves all else."""

    def plant(folder: Path, _: random.Random) -> None:
        edit(folder / f"{cell}.json", change)

    return plant


def consistent(
    change: Callable[[Raw, random.Random], object], cell: str = "ring8/bare+r1"
) -> Callable[..., None]:
    """A forgery that changes curves, after which scores and outcomes are made to fit them."""

    def plant(folder: Path, rng: random.Random) -> None:
        def both(raw: Raw) -> None:
            change(raw, rng)
            summarised(raw)

        edit(folder / f"{cell}.json", both)

    return plant


def written(change: Callable[[str], str], cell: str = "ring8/bare+r1") -> Callable[..., None]:
    """A forgery that changes the text of a record, such that it may be no JSON any more."""

    def plant(folder: Path, _: random.Random) -> None:
        path = folder / f"{cell}.json"
        before = path.read_text(encoding="utf-8")
        after = change(before)
        assert after != before, "nothing was forged"
        path.write_text(after, encoding="utf-8")

    return plant


def edit(path: Path, change: Callable[[Raw], object]) -> None:
    """Change a file's JSON."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    before = json.dumps(raw)
    change(raw)
    assert json.dumps(raw) != before, "nothing was forged"
    path.write_text(json.dumps(raw), encoding="utf-8")


def summarised(raw: Raw) -> None:
    """Make scores and outcomes fit the curves, as a careful forger does."""
    info = ScoreInfo.model_validate(raw["score_info"])
    for seed in raw["seeds"]:
        curve = [Evaluation.model_validate(point) for point in seed["curve"]]
        seed["status"] = outcome(curve, info, seed["first_bad_step"])
        seed.update(summarise(curve, info, seed["status"]))


def as_cell(raw: Raw, cell: Cell) -> None:
    """Give a record the name, settings and hash of another cell."""
    raw |= {
        "strategy": cell.strategy,
        "instead_of": cell.instead_of,
        "contrast": cell.contrast,
        "cell": cell.name,
        "settings": cell.settings(),
    }
    raw["provenance"]["spec"] = spec_hash(cell)


def points(raw: Raw, start: int = 1) -> list[dict[str, float | None]]:
    """The metrics of all evaluations of all seeds, without the first `start` ones of each."""
    return [point["metrics"] for seed in raw["seeds"] for point in seed["curve"][start:]]


def jittered(raw: Raw, rng: random.Random, share: float) -> None:
    """Change every number after step 0 by up to a share of it; counts stay counts."""
    for metrics in points(raw):
        for name, value in metrics.items():
            if value is not None and not float(value).is_integer():
                metrics[name] = rounded(value * (1.0 + share * (2.0 * rng.random() - 1.0)))


def scaled(low: float, high: float) -> Callable[[Raw, random.Random], None]:
    """Every number after step 0 by a factor of its own for each seed and metric: an invention."""

    def change(raw: Raw, rng: random.Random) -> None:
        for seed in raw["seeds"]:
            names = sorted(seed["curve"][0]["metrics"])
            factors = {name: rng.uniform(low, high) for name in names}
            for point in seed["curve"][1:]:
                metrics = point["metrics"]
                for name in set(names) - {"modes"}:
                    most = 1.0 if name == "high_quality" else 8.0 if name == "is" else 1e6
                    least = 1.0 if name == "is" else 0.0
                    if metrics[name] is not None:
                        metrics[name] = rounded(
                            min(max(least, metrics[name] * factors[name]), most)
                        )

    return change
