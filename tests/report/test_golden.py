"""What the statistics say of a fixed tree of records, byte for byte.

After an intended change: `python -m tests.report.test_golden`, and say in the commit what moved.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.records.record import Record
from bench.report import findings, table_1, tables, transfer
from tests.support.factories import make_grid

GOLDEN = Path(__file__).with_name("golden")
SHIFTS = {
    "r1": (4.0, 4.0),
    "label_smoothing": (1.2, -1.2),
    "target_network": (0.0, 2.0),
    "replay": (0.0, 0.0),
    "huber": (-0.6, 0.3),
    "lookahead": (2.0, 0.1),
    "ttur": (0.8, 0.9),
}


def records() -> list[Record]:
    """Strategies with 40 seeds, one with 20, anchored scores."""
    made = make_grid(SHIFTS, n=40, anchored=True)
    return [
        record.model_copy(update={"seeds": record.seeds[:20], "planned_seeds": list(range(20))})
        if record.strategy == "huber"
        else record
        for record in made
    ]


def texts() -> dict[str, str]:
    """File name -> what it holds, in six digits, which every library version agrees on."""
    study = findings.study(records())
    frames = {
        "transfer-bare.csv": tables.transfer_table(study.findings["bare"]),
        "table-1.csv": table_1.table(study),
        "prediction.csv": transfer.table(transfer.transfer(study, "bare")),
        "task-ring8.csv": tables.task_table(
            next(view for view in study.tasks if view.name == "ring8"), study
        ),
    }
    costs = [c for frame in frames.values() for c in frame if c.startswith("cost_")]
    return {
        name: frame.drop(columns=costs, errors="ignore").to_csv(
            index=False, float_format="%.6g", lineterminator="\n"
        )
        for name, frame in frames.items()
    }


@pytest.mark.parametrize("name", sorted(texts()))
def test_the_same_records_give_the_same_bytes(name: str) -> None:
    assert texts()[name] == (GOLDEN / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    findings.counted_tasks = lambda domain: ()
    for file, text in texts().items():
        (GOLDEN / file).write_text(text, encoding="utf-8")
