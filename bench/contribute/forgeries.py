"""Forgeries that are known, and the share of them that is found: `bench.contribute.forgeries`.

Each is planted into a copy of a valid submission, as if somebody else had sent it, and checked
beside what is merged. All that can be found without running must be found; what only a
re-run can see is listed too, with the odds of the spot check.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench.contribute.forged_claims import CLAIMS
from bench.contribute.forged_copies import COPIES
from bench.contribute.forged_files import FILES
from bench.contribute.forgery import Forgery, edit
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.records.store import Found, walk
from bench.submissions import manifest
from bench.submissions.validate import NothingToCheck, validate

RESULTS = Path(__file__).resolve().parents[2] / "results"
FORGER = "somebody"

FORGERIES: tuple[Forgery, ...] = (*FILES, *CLAIMS, *COPIES)


class Outcome(NamedTuple):
    """Whether a forgery was found, and what was said first."""

    forgery: Forgery
    found: bool
    said: str


def tried(forgeries: Iterable[Forgery], results: Path = RESULTS) -> Iterator[Outcome]:
    """Plant each forgery into a copy of the submission `demo` and validate it.

    What is merged is `demo` itself, and the bases of its tasks.
    """
    with tempfile.TemporaryDirectory() as place:
        merged = Path(place) / "merged"
        for name in ("demo", *(f"bases/{task.name}" for task in _tasks(results))):
            shutil.copytree(results / PROTOCOL_VERSION / name, merged / PROTOCOL_VERSION / name)
        for number, forgery in enumerate(forgeries):
            folder = copied(results, Path(place) / str(number))
            forgery.plant(folder, random.Random(forgery.what))
            try:
                problems = validate(folder, merged).problems
                said = str(problems[0]).removeprefix(str(folder)) if problems else ""
            except NothingToCheck as error:
                said = str(error)
            yield Outcome(forgery, bool(said), said)
            shutil.rmtree(folder)


def _tasks(results: Path) -> list[Path]:
    demo = results / PROTOCOL_VERSION / "demo"
    return sorted(path for path in demo.iterdir() if path.is_dir())


def copied(results: Path, place: Path) -> Path:
    """A copy of the submission `demo` as another one, whose files are all valid."""
    folder = place / PROTOCOL_VERSION / FORGER
    shutil.copytree(results / PROTOCOL_VERSION / "demo", folder)
    for path in folder.rglob("*.json"):  # run again by somebody, and so in another time
        edit(path, lambda raw: raw.update(seconds={k: v + 0.01 for k, v in raw["seconds"].items()}))
    found = [item for item in walk(folder) if isinstance(item, Found)]
    text = manifest.to_text(manifest.of("somebody", "CC-BY-4.0", found))
    (folder / manifest.FILE).write_text(text, encoding="utf-8")
    return folder


def table(outcomes: Iterable[Outcome]) -> str:
    """How many forgeries of each kind are found without running, and which are not, as Markdown."""
    outcomes = list(outcomes)
    lines = ["| kind | forgeries | found |", "|---|---|---|"]
    for kind in dict.fromkeys(one.forgery.kind for one in outcomes):
        own = [one for one in outcomes if one.forgery.kind == kind and not one.forgery.rerun]
        if own:
            share = sum(one.found for one in own) / len(own)
            lines.append(f"| {kind} | {len(own)} | {share:.0%} |")
    rerun = [one for one in outcomes if one.forgery.rerun]
    share = sum(one.found for one in rerun) / max(1, len(rerun))
    lines.append(f"| only a re-run can tell | {len(rerun)} | {share:.0%} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, and what was not found though it can be; the exit code says whether."""
    outcomes = list(tried(FORGERIES))
    print(table(outcomes))
    missed = [one for one in outcomes if not one.found and not one.forgery.rerun]
    for one in missed:
        print(f"not found: {one.forgery.kind}: {one.forgery.what}", file=sys.stderr)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
