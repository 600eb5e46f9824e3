"""Both engines give the same records; what was run in parts equals what was run at once."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from bench import engine_serial
from bench.cells import Job, missing, run_job, submission_folder
from bench.grid import Cell
from bench.progress import Board, duration
from bench.record import Record, read
from tasks.family.point import PointGame
from tests.fakes import FakeTraining

CELLS = [Cell("dirac", "bare"), Cell("dirac", "bare", "r1"), Cell("bilinear", "bare", "replay")]


@pytest.fixture
def training(monkeypatch) -> FakeTraining:
    """Fake training in place of the real one."""
    fake = FakeTraining()
    monkeypatch.setattr("bench.train.train", fake)
    return fake


def jobs_for(folder: Path, seeds: int = 2) -> list[Job]:
    return missing(CELLS, submission_folder(folder, "test"), seeds, "auto").jobs


def board_for(jobs, width: int = 200) -> tuple[Board, io.StringIO]:
    text = io.StringIO()
    return Board(jobs, Console(file=text, width=width)), text


def stripped(record: Record) -> Record:
    """Without times and places."""
    provenance = record.provenance.model_copy(
        update={"cpu": "", "threads": 1, "commit": None, "dirty": None}
    )
    return record.model_copy(update={"seconds": {}, "provenance": provenance})


def test_ray_gives_the_records_that_serial_gives_and_survives_a_crash(tmp_path, monkeypatch, capfd):
    """The only start of Ray in the tests. Its workers are processes: real training in both."""
    from bench import engine_ray

    monkeypatch.chdir(tmp_path)
    serial, ray = jobs_for(tmp_path / "serial"), jobs_for(Path("ray"))
    board, _ = board_for(serial)
    engine_serial.run(serial, board)
    assert (board.done, board.failures) == (3, [])

    Path("blocked").write_text("a file where the record's folder should be")
    blocked = replace(ray[0], path=Path("blocked") / "dirac" / "bare.json")
    board, text = board_for([*ray, blocked])
    with board:
        engine_ray.run([*ray, blocked], board)
    assert board.done == 3
    assert [line.partition(": ")[0] for line in board.failures] == [
        f"{blocked.cell.task}/{blocked.cell.name}"
    ]
    assert "Not a directory" in board.failures[0]
    assert "(bench/record.py:" in board.failures[0]
    assert len(text.getvalue().splitlines()) == 4
    assert "Traceback" not in "".join(capfd.readouterr())
    for ours, theirs in zip(serial, ray, strict=True):
        assert stripped(read(ours.path)) == stripped(read(theirs.path))


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_seeds_added_later_equal_seeds_run_at_once(tmp_path, monkeypatch, cell):
    monkeypatch.setattr(PointGame, "updates", 30)

    def run(folder, seeds):
        path = tmp_path / folder / "cell.json"
        have = {result.seed for result in read(path).seeds} if path.exists() else set()
        lacking = tuple(seed for seed in range(seeds) if seed not in have)
        return run_job(Job(cell, lacking, tuple(range(seeds)), path, 1.0))

    run("parts", 1)
    parts, whole = run("parts", 3), run("whole", 3)
    assert read(tmp_path / "parts" / "cell.json") == parts
    assert parts.planned_seeds == whole.planned_seeds == [0, 1, 2]
    assert parts.seeds == whole.seeds  # to the last bit
    curves = [tuple(p.metrics["distance"] for p in result.curve) for result in whole.seeds]
    assert len(set(curves)) == 3


def test_a_job_broken_after_it_was_planned_keeps_the_broken_file(tmp_path, training):
    (job,) = [job for job in jobs_for(tmp_path) if job.cell == CELLS[0]]
    job.path.parent.mkdir(parents=True)
    job.path.write_text("{")
    made = run_job(job)
    assert read(job.path) == made
    assert job.path.with_name("bare.json.corrupt").read_text() == "{"


def test_a_job_gives_up_after_two_tries(tmp_path, training):
    def crash(cell):
        raise RuntimeError("no luck")

    training.before = crash
    (job, *_) = jobs_for(tmp_path)
    with pytest.raises(RuntimeError, match="no luck"):
        run_job(job)
    assert len(training.calls) == 2
    assert not job.path.exists()


def test_an_interruption_is_never_retried(tmp_path, training):
    def interrupt(cell):
        raise KeyboardInterrupt

    training.before = interrupt
    jobs = jobs_for(tmp_path)
    board, _ = board_for(jobs)
    with pytest.raises(KeyboardInterrupt):
        engine_serial.run(jobs, board)
    assert len(training.calls) == 1
    assert (board.done, board.failures) == (0, [])


def test_divergence_is_an_outcome(tmp_path, monkeypatch):
    """A seed whose curve ends in NaN is recorded as diverged, beside the seed that did not."""

    class Diverging(FakeTraining):
        def __call__(self, learner, seeds, **rest):
            run = super().__call__(learner, seeds, **rest)
            for metrics in run.curves[3:]:
                metrics[1] = dict.fromkeys(metrics[1], float("nan"))
            return replace(run, first_bad_step=[None, 250])

    fake = Diverging()
    monkeypatch.setattr("bench.train.train", fake)
    (job, *_) = jobs_for(tmp_path)
    run_job(job)
    good, bad = read(job.path).seeds
    assert (good.status, bad.status) == ("ok", "diverged")
    assert (bad.score, bad.last, bad.first_bad_step, bad.attempts) == (None, None, 250, [])
    assert bad.best is not None
    assert len(fake.calls) == 1
    assert [job.cell for job in jobs_for(tmp_path)] == [
        later.cell for later in jobs_for(tmp_path) if later.cell != job.cell
    ]


def test_jobs_are_longest_first_and_cost_less_once_known(tmp_path, training):
    grid = [Cell("dirac", "bare"), Cell("pendulum", "bare"), Cell("ring8", "bare")]
    folder = submission_folder(tmp_path, "test")
    first = missing(grid, folder, 2, "auto")
    costs = [job.seconds for job in first.jobs]
    assert costs == sorted(costs, reverse=True)
    for job in first.jobs:
        run_job(job)
    again = missing(grid, folder, 4, "auto")
    assert (again.done, {job.seeds for job in again.jobs}) == (0, {(2, 3)})
    assert all(job.seconds == pytest.approx(1.0) for job in again.jobs)  # what 2 seeds have cost


def test_one_thread_in_a_cell(tmp_path, training):
    torch.set_num_threads(1)
    (job, *_) = jobs_for(tmp_path)
    assert run_job(job).provenance.threads == 1


def test_the_board_counts_and_predicts(tmp_path, monkeypatch):
    jobs = jobs_for(tmp_path)
    text = io.StringIO()
    now = [0.0]
    monkeypatch.setattr("bench.progress.time.monotonic", lambda: now[0])
    with Board(jobs, Console(file=text, force_terminal=True, width=100)) as board:
        board.started(0)
        now[0] = 60.0
        board.finished(0, "dirac/bare: [score] 1")
        board.started(1)
        share = (jobs[1].seconds + jobs[2].seconds) / jobs[0].seconds
        assert "1 done, 1 running, 0 failed" in board._bar.tasks[0].description
        assert f"about {duration(60.0 * share)} left" in board._bar.tasks[0].description
        board.failed(1, "RuntimeError: two\nlines")
    assert "done   dirac/bare: [score] 1" in plain(text.getvalue())
    assert board.failures == [f"{jobs[1].cell.task}/{jobs[1].cell.name}: RuntimeError: two lines"]


def plain(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (1e5, "27.8 h")],
)
def test_durations_for_people(seconds, text):
    assert duration(seconds) == text
