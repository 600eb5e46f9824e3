"""The board: counts, and what is left of the time."""

import io
import re

import pytest
from rich.console import Console

from bench.engine.progress import Board
from bench.engine.status_file import duration
from tests.support.jobs import board_for, jobs_for


def test_the_board_counts_and_predicts(tmp_path, monkeypatch):
    jobs = jobs_for(tmp_path)
    text = io.StringIO()
    now = [0.0]
    monkeypatch.setattr("bench.engine.progress.time.monotonic", lambda: now[0])
    with Board(jobs, Console(file=text, force_terminal=True, width=100)) as board:
        board.started(0)
        now[0] = 60.0
        board.finished(0, "dirac/bare: [score] 1")
        board.started(1)
        share = (jobs[1].seconds + jobs[2].seconds) / jobs[0].seconds
        assert "1 done, 2/6 seeds, 1 running, 0 failed" in board._bar.tasks[0].description
        assert f"about {duration(60.0 * share)} left" in board._bar.tasks[0].description
        board.failed(1, "crashed", "RuntimeError: two\nlines")
    assert "done   dirac/bare: [score] 1" in plain(text.getvalue())
    assert board.failures == [f"{jobs[1].cell.task}/{jobs[1].cell.name}: RuntimeError: two lines"]


def test_where_there_is_no_terminal_a_line_says_now_and_then_how_things_stand(
    tmp_path, monkeypatch
):
    jobs = jobs_for(tmp_path)
    now = [0.0]
    monkeypatch.setattr("bench.engine.progress.time.monotonic", lambda: now[0])
    board, text = board_for(jobs)
    for number in range(3):
        board.started(number)
        now[0] += 200.0
        board.finished(number, f"cell {number}")
    assert text.getvalue().splitlines() == [
        "done   cell 0",
        "done   cell 1",
        "2 done, 4/6 seeds, 0 running, 0 failed, about 200 s left (2 of 3)".replace(
            "200 s", duration(400 / (jobs[0].seconds + jobs[1].seconds) * jobs[2].seconds)
        ),
        "done   cell 2",
    ]


def plain(text: str) -> str:

    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (1e5, "27.8 h")],
)
def test_durations_for_people(seconds, text):
    assert duration(seconds) == text
