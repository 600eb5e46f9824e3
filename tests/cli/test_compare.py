"""`compare` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.records import store
from bench.records.record import Record
from tests.support.factories import make_record
from tests.support.fakes import bench
from tests.support.small import one_error

GOOD, BAD = [0.01 * i for i in range(10)], [5.0 + 0.01 * i for i in range(10)]


def save(name: str, *records: Record) -> Path:
    folder = Path("results/2") / name
    for record in records:
        path = folder / record.task / f"{record.cell}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        store.write(path, record)
    return folder


def made(strategy: str | None = None, scores: list[float] = GOOD, **more: Any) -> Record:
    return make_record(strategy=strategy, scores=scores, **more)


@pytest.fixture(autouse=True)
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two submissions: the base is the same, r1 is better in `new`, and each has one more cell."""
    monkeypatch.chdir(tmp_path)
    save("old", made(), made("r1", BAD), made("replay"))
    save("new", made(), made("r1", GOOD, seconds=24.0), made("r2", BAD))


def test_two_submissions(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("compare", "old", "new") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["A: results/2/old, 3 cells", "B: results/2/new, 3 cells"]
    rows = {line.split()[0]: line for line in lines if line.startswith("ring8")}
    assert "equal to the bit on 10 seeds" in rows["ring8/bare"]
    assert "1.00 [0.71, 1.00]  0.002  better" in rows["ring8/bare+r1"]
    assert rows["ring8/bare+r1"].split()[-1] == "2.00"
    assert lines[-3:] == [
        "only in A: ring8/bare+replay",
        "only in B: ring8/bare+r2",
        "2 cells compared: 1 equal to the bit, 1 significantly different (1 better, 0 worse), "
        "0 not to be told from noise",
    ]


@pytest.mark.parametrize("first", ["old:r1", "results/2/old:r1", "./results/2/old/ring8:r1"])
@pytest.mark.parametrize("second", ["new", "new:r1"])
def test_two_versions_of_a_strategy(
    capsys: pytest.CaptureFixture[str], first: str, second: str
) -> None:
    assert bench("compare", first, second, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["cell_a"] for row in found["cells"]] == ["bare+r1"]
    assert (found["only_in_a"], found["only_in_b"]) == ([], [])


def test_two_strategies_of_one_submission(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("compare", "new:r1", "new:r2", "--csv", "out/all.csv") == 0
    assert "ring8/bare+r1, bare+r2" in capsys.readouterr().out
    (row,) = pd.read_csv("out/all.csv").itertuples()
    assert (row.cell_a, row.cell_b, row.word) == ("bare+r1", "bare+r2", "worse")


def test_other_code_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    record = made("r1", BAD)
    changed = record.provenance.model_copy(update={"spec": "f" * 16})
    save("later", record.model_copy(update={"provenance": changed}))
    assert bench("compare", "old", "later") == 0
    out = capsys.readouterr().out
    assert "differs in 1 of 1: spec, the hash of code, settings and data" in out
    assert "1 equal to the bit" in out


def test_json_holds_numbers_and_null(capsys: pytest.CaptureFixture[str]) -> None:
    save("failed", made("r1", [None] * 10))
    assert bench("compare", "old", "failed", "--json") == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    (row,) = found["cells"]
    assert (row["median_b"], row["failures_b"], row["word"]) == (None, 10, "worse")


NOTHING = "there is no submission and no folder"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["odl", "new"], f"{NOTHING} 'odl'; submissions in results/2: new, old"),
        (["old", "new", "--results", "x"], f"{NOTHING} 'old'; x/2 has none"),
        (["old:", "new"], "'old:' names no strategy after the colon; write old:r1, or leave it"),
        (["old:r9", "new"], "results/2/old has no cell of 'r9'; it has r1, replay"),
        (["old", "old"], "A and B are the same: results/2/old; name another submission or :STR"),
        (["old:r1", "old"], "A and B are the same: results/2/old, r1"),
        (["results/2", "old"], "results/2 holds several submissions: new, old; name one of them"),
        (["old:replay", "new:r2", "--csv", "results"], "cannot write to results: it is a folder"),
        (["old", "empty"], "there are no records in empty"),
        (
            ["old", "elsewhere/2/other"],
            "no cell is in both: A has ring8/bare, ring8/bare+r1, ring8/bare+repl",
        ),
        (["old"], "Missing argument 'B'; see --help"),
        (["old", "x" * 300], "x"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    Path("empty").mkdir()
    save("../../elsewhere/2/other", made(task="digits"))
    assert bench("compare", *arguments) == 2
    assert one_error(capsys).startswith(message)


def test_a_torn_record_is_left_out_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("results/2/new/ring8/bare+r1.json")
    path.write_text(path.read_text()[:100])
    assert bench("compare", "old", "new") == 0
    out, err = capsys.readouterr()
    assert "warning: left out: results/2/new/ring8/bare+r1.json: not a record" in err
    assert "1 cell compared: 1 equal to the bit" in out
