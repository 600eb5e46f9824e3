"""A submission of twelve cells, and checks and draws of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.records import store
from bench.records.record import Record
from bench.records.store import Found, walk
from bench.submissions import check, trust
from bench.submissions.check import Check, check_path, draw_path
from bench.submissions.draw import Draw
from tests.support.factories import make_record

REF = "b6589fc6ab0dc82cf12099d1c2d40ab994e8410c"
OTHER = "356a192b7913b04c54574d18c28d46e6395428ab"
CELLS = 12
NOTHING = {"self-reported": CELLS}


def make(cell: int, score: float = 1.0) -> Record:
    scores = [score + 0.1 * cell + 0.01 * seed for seed in range(12)]
    return make_record(strategy=f"s{cell}", scores=scores)


def put(results: Path, cell: int, record: Record | None = None) -> Path:
    path = results / "2" / "someone" / "ring8" / f"bare+s{cell}.json"
    store.write(path, record or make(cell))
    return path


def pool(results: Path, fewer: int = 0) -> dict[str, str]:
    """TASK/CELL -> SHA-256 of all records, but for the last few by name."""
    paths = sorted((results / "2" / "someone").glob("*/*.json"))
    return {f"ring8/{path.stem}": check.sha256(path) or "" for path in paths[: len(paths) - fewer]}


def draw(results: Path, size: int = 5, ref: str = REF, fewer: int = 0) -> list[Path]:
    """Draw from all records but a few, and write that down; the records that are drawn."""
    made = Draw(
        protocol_version="2", submission="someone", ref=ref, size=size, pool=pool(results, fewer)
    )
    folder = results / "2" / "someone"
    check.write_draw(draw_path(folder, ref), made)
    return [folder / f"{cell}.json" for cell in made.drawn]


def checked(
    records: Iterable[Path], seeds: int = 10, moved: float = 0.0, **changes: object
) -> None:
    """Check records by re-runs of so many seeds, the scores of the first one moved."""
    for path in records:
        whole = store.read(path)
        took = {"update": 11.0, "evaluate": 2.0}
        some = whole.model_copy(update={"seeds": whole.seeds[:seeds], "seconds": took} | changes)
        if moved:
            curve = [some.seeds[0].curve[0].model_copy(update={"metrics": {"fid": moved}})]
            curve += some.seeds[0].curve[1:]
            other = some.seeds[0].model_copy(update={"curve": curve})
            some = some.model_copy(update={"seeds": [other, *some.seeds[1:]]})
        check.write(check_path(path), Check.of(path, path.read_bytes(), some))


def some(results: Path, count: int = 1) -> list[Path]:
    """The first records by name."""
    return sorted((results / "2" / "someone").glob("*/*.json"))[:count]


def levels_of(results: Path, found: Sequence[Found]) -> dict[Path, trust.Level]:
    """The level of every record, by its path."""
    return {
        item.path: submission.level(item)
        for submission in trust.submissions(results, found).values()
        for item in submission.records
    }


def levels(results: Path) -> dict[str, int]:
    """How many records have each level."""
    found = [item for item in walk(results) if isinstance(item, Found)]
    assert len(found) >= CELLS
    values = list(levels_of(results, found).values())
    assert len(values) == len(found)
    return {level: values.count(level) for level in trust.LEVELS if level in values}
