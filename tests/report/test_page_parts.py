"""What sums a study up: its evidence is that of the base of which the answer speaks."""

from typing import Any

from bench.records.record import Record
from bench.report.pages import build_report
from tests.support.factories import make_grid, make_record


def bases(**changes: Any) -> list[Record]:
    """The base of a GAN and of a game; three seeds by default."""
    return [
        make_record(task=task, domain=domain, **changes)
        for task, domain in (("ring8", "gan"), ("dirac", "game"))
    ]


def test_smoke_tests_say_so(tmp_path):
    build_report(bases(), tmp_path, tmp_path / "LEADERBOARD.md")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<b>Smoke test on the base <code>bare</code>.</b>" in page
    board = (tmp_path / "LEADERBOARD.md").read_text(encoding="utf-8")
    assert "on the base `bare`, is **smoke test**" in board


def test_a_smoke_test_on_another_base_is_not_that_of_the_answer(tmp_path):
    """A demo of three seeds beside a study of ten."""
    study = bases(base="reference", scores=[0.1 * seed for seed in range(10)])
    study.append(make_record(strategy="r1", base="reference", scores=[0.1] * 10))
    build_report([*study, *bases()], tmp_path, tmp_path / "LEADERBOARD.md")
    board = (tmp_path / "LEADERBOARD.md").read_text(encoding="utf-8")
    assert "3 to 10 seeds per cell" in board
    assert "on the base `reference`, is **preliminary**" in board
    assert "5. The evidence on the base reference is" in board
    assert " of 10 seeds, where a verdict needs 10" in board


def test_the_leaderboard_has_table_1_as_measured_on_the_base_of_the_answer(tmp_path):
    """Two strategies of the paper were run; the others are said to be missing."""
    measured = make_grid({"replay": (-4.0, 4.0), "entropy": (0.0, 0.0)}, n=10)
    build_report(measured, tmp_path, tmp_path / "LEADERBOARD.md")
    board = (tmp_path / "LEADERBOARD.md").read_text(encoding="utf-8")
    lines = board.partition("## Table 1")[2].partition("\n## ")[0].splitlines()
    rows = {line.split(" | ")[1]: line.strip("| ").split(" | ") for line in lines if "| " in line}
    assert len(rows) == 1 + 13, "a head and the strategies of nine rows"
    assert rows["replay"][2] == "not shown"
    assert rows["replay"][3].endswith(", n = 10")
    assert float(rows["replay"][3].split()[1]) < 0.1
    assert float(rows["replay"][5].split()[1]) > 0.9
    assert rows["entropy"][3].split()[1] != rows["replay"][3].split()[1]
    assert rows["minibatch\\_stddev"][2:] == ["yes", "not run", "not shown", "not run"]
