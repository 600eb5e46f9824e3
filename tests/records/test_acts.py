"""Cells that equal their base bit for bit are told, unless there is a reason."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from bench.experiment.cell import Cell
from bench.records import acts, store
from bench.records.paths import record_path
from tests.support.factories import make_record

ROOT = Path(__file__).resolve().parents[2]
SAME, OTHER = (0.1, 0.2, 0.3), (0.1, 0.2, 0.4)


def told(folder: Path, *texts: str, scores: tuple[float, ...] = SAME) -> list[str]:
    """What is told of cells with these scores, where their bases have SAME."""
    cells = [Cell.parse(text) for text in texts]
    for cell in {Cell(cell.task, cell.base) for cell in cells}:
        write(folder, cell, SAME)
    for cell in cells:
        write(folder, cell, scores)
    return list(acts.idle(cells, folder))


def write(folder: Path, cell: Cell, scores: tuple[float, ...]) -> None:
    path = record_path(folder, cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = {"task": cell.task, "base": cell.base, "strategy": cell.strategy}
    parts |= {"contrast": cell.contrast, "instead_of": cell.instead_of, "cell": cell.name}
    store.write(path, make_record(scores=scores, **parts))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["ring8/bare+r1", "ring8/reference-r1", "ring8/reference-r1+r2"])
def test_a_strategy_that_changes_nothing_is_told(text: str, tmp_path: Path) -> None:
    assert told(tmp_path, text) == [text]


def test_one_number_that_differs_is_enough(tmp_path: Path) -> None:
    assert told(tmp_path, "ring8/bare+r1", scores=OTHER) == []


@pytest.mark.parametrize(
    "text",
    [
        *("ring8/bare+placebo", "ring8/bare+target_network", "ring8/bare", "ring8/bare+r1@900"),
        "ring8/reference+freeze_learning",
    ],
)
def test_what_has_a_reason_is_not(text: str, tmp_path: Path) -> None:
    """The control, what is inert or idle there, the base itself, what is compared with nothing."""
    assert told(tmp_path, text) == []


def test_one_beside_another_is_held_against_the_other_alone(tmp_path: Path) -> None:
    """As at home, where `bare+low_beta1+unrolled` stands against `bare+low_beta1`."""
    both, alone = "ring8/bare+low_beta1+unrolled", "ring8/bare+low_beta1"
    assert told(tmp_path, alone, scores=OTHER) == []
    assert told(tmp_path, both, scores=OTHER) == [both]
    assert told(tmp_path, both, scores=(0.1, 0.2, 0.5)) == []


def test_one_that_acts_does_not_excuse_another(tmp_path: Path) -> None:
    both = "ring8/bare+r1+target_network"
    assert told(tmp_path, both) == [both]


def test_without_a_record_or_a_base_nothing_is_told(tmp_path: Path) -> None:
    cell = Cell.parse("ring8/bare+r1")
    assert list(acts.idle([cell], tmp_path)) == []
    write(tmp_path, cell, SAME)
    assert list(acts.idle([cell], tmp_path)) == []


def test_no_strategy_is_inert_by_accident_in_the_results() -> None:
    """At the default settings and the full budget, in every record of this repository."""
    cells = defaultdict(list)
    for found in store.walk(ROOT / "results"):
        assert isinstance(found, store.Found)
        cells[found.path.parents[1]].append(Cell.parse(f"{found.record.task}/{found.record.cell}"))
    assert cells
    assert [label for folder, each in cells.items() for label in acts.idle(each, folder)] == []
