"""Both engines give the same records; what was run in parts equals what was run at once."""

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from bench.engine import dispatch, fault_injection, serial_engine, trial, writer
from bench.engine.cluster import Unusable
from bench.engine.plan import Job, Resources, RunOptions, plan_jobs
from bench.engine.progress import Board
from bench.engine.status_file import duration
from bench.experiment.cell import Cell
from bench.experiment.spec import spec_hash
from bench.records import store
from bench.records.paths import submission_folder
from bench.records.record import Record
from bench.records.store import read
from tasks.family.point import PointGame
from tests.support.fakes import FakeTraining

pytestmark = pytest.mark.ray

CELLS = [Cell("dirac", "bare"), Cell("dirac", "bare", "r1"), Cell("bilinear", "bare", "replay")]


@pytest.fixture
def training(monkeypatch) -> FakeTraining:
    """Fake training in place of the real one."""
    fake = FakeTraining()
    monkeypatch.setattr("bench.training.train.train", fake)
    return fake


def jobs_for(folder: Path, seeds: int = 2) -> list[Job]:
    return plan_jobs(CELLS, submission_folder(folder, "test"), seeds).jobs


def board_for(jobs, width: int = 200) -> tuple[Board, io.StringIO]:
    text = io.StringIO()
    return Board(jobs, Console(file=text, width=width)), text


def run_job(job: Job) -> Record:
    """What an engine does with a job, without engine."""
    return writer.keep(job, trial.run(job), [])


def stripped(record: Record) -> Record:
    """Without times, places and accidents."""
    provenance = record.provenance.model_copy(update={"cpu": "", "commit": None, "dirty": None})
    seeds = [seed.model_copy(update={"attempts": []}) for seed in record.seeds]
    return record.model_copy(update={"seconds": {}, "provenance": provenance, "seeds": seeds})


def test_ray_gives_the_records_that_serial_gives_and_survives_faults(tmp_path, monkeypatch, capfd):
    """Its workers are processes: real training in both. One cell crashes for good, two for once."""
    from bench.engine import ray_engine

    monkeypatch.chdir(tmp_path)
    more = [*CELLS, Cell("dirac", "bare", "placebo")]
    serial = plan_jobs(more, submission_folder(tmp_path / "serial", "test"), 2).jobs
    board, _ = board_for(serial)
    serial_engine.run(serial, board)
    assert (board.done, board.failures) == (4, [])

    Path("plan.yaml").write_text(
        """
        - {cell: dirac/bare+r1, kind: crash, at: 0.5, times: 2}
        - {cell: dirac/bare, kind: kill, at: 0.5}
        - {cell: bilinear/bare+replay, kind: oom}
        """
    )
    monkeypatch.setenv(fault_injection.VARIABLE, str(tmp_path))
    ray = plan_jobs(more, submission_folder(Path("ray"), "test"), 2).jobs
    board, text = board_for(ray)
    with board:
        ray_engine.run(ray, board)
    assert board.done == 3
    (failure,) = board.failures
    place = r"\(bench/faults\.py:\d+\)"
    assert re.fullmatch(rf"dirac/bare\+r1: Planted: a planted crash {place}", failure)
    lines = text.getvalue().splitlines()
    assert len(lines) == 3 + 3 + 1  # done, tried again, failed
    assert "crashed, again later: dirac/bare: its process was killed" in text.getvalue()
    assert "Traceback" not in "".join(capfd.readouterr())
    made = {read(job.path).origin: read(job.path) for job in ray if job.path.exists()}
    for job in serial:
        if job.label != "dirac/bare+r1":
            assert stripped(read(job.path)) == stripped(made[job.cell])
    reasons = [a.reason for m in made.values() for a in m.seeds[0].attempts]
    assert sorted(reasons) == ["crashed", "oom"]


def test_a_hang_is_killed_and_a_cell_too_large_for_any_machine_is_refused(tmp_path, monkeypatch):
    from bench.engine import ray_engine

    (tmp_path / "plan.yaml").write_text("[{cell: dirac/bare, kind: hang, at: 0.5}]")
    monkeypatch.setenv(fault_injection.VARIABLE, str(tmp_path))
    folder = submission_folder(tmp_path, "test")
    for terms in (
        RunOptions(resources=Resources(cpus=1000)),
        RunOptions(resources=Resources(gpus=1.0)),
    ):
        with pytest.raises(Unusable, match="lower --cpus-per-cell or --gpus-per-cell"):
            ray_engine.run(jobs := plan_jobs(CELLS[:1], folder, 2, terms).jobs, board_for(jobs)[0])
    jobs = plan_jobs(CELLS[:2], folder, 2, RunOptions(deadline=5.0)).jobs
    (hung,) = [job for job in jobs if job.label == "dirac/bare"]

    class Counting(Board):
        most = 0

        def started(self, number):
            super().started(number)
            self.most = max(self.most, len(self._running))

    text = io.StringIO()
    board = Counting(jobs, Console(file=text, width=200))
    ray_engine.run(jobs, board, max_concurrent=1)
    assert (board.done, board.failures, board.most) == (2, [], 1)
    assert "timeout, again later: dirac/bare" in text.getvalue()
    assert [attempt.reason for attempt in read(hung.path).seeds[0].attempts] == ["timeout"]
    log = hung.log.read_text()
    assert "dirac/bare has not moved for 15 s and is given up" in log
    assert "in _hang" in log  # where it stood


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_seeds_added_later_equal_seeds_run_at_once(tmp_path, monkeypatch, cell):
    monkeypatch.setattr(PointGame, "updates", 30)

    def run(folder, seeds):
        path = tmp_path / folder / "cell.json"
        have = {result.seed for result in read(path).seeds} if path.exists() else set()
        lacking = tuple(seed for seed in range(seeds) if seed not in have)
        return run_job(Job(cell, lacking, tuple(range(seeds)), path, 1.0, spec_hash(cell)))

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


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("no luck"), "crashed"),
        (MemoryError("too large"), "oom"),
        (trial.Overdue("too slow"), "timeout"),
    ],
)
def test_a_job_that_gives_nothing_is_tried_again_after_the_others(
    tmp_path, training, error, reason
):
    jobs = jobs_for(tmp_path)
    failing = jobs[0].label

    def fail(cell):
        if cell == training.calls[0][1]:
            raise error

    training.before = fail
    board, text = board_for(jobs)
    serial_engine.run(jobs, board)
    assert [cell for _, cell, _ in training.calls].count(training.calls[0][1]) == 2
    assert training.calls[0] == training.calls[-1]
    assert (board.done, len(board.failures)) == (2, 1)
    assert f"{reason}, again later: {failing}" in text.getvalue()
    assert f"failed ({reason}) {failing}" in text.getvalue()
    assert not jobs[0].path.exists()
    assert "no luck" in jobs[0].log.read_text() or reason != "crashed"


def test_attempts_are_named_in_the_record_by_reason(tmp_path, training):
    jobs = jobs_for(tmp_path)
    errors = iter([MemoryError("too large"), RuntimeError("no luck")])

    def fail(cell):
        if cell == training.calls[0][1]:
            for error in errors:
                raise error

    training.before = fail
    serial_engine.run(jobs, board_for(jobs)[0])
    for result in read(jobs[0].path).seeds:
        assert [attempt.reason for attempt in result.attempts] == ["oom", "crashed"]
        assert "too large" in result.attempts[0].message
    assert all(not result.attempts for result in read(jobs[1].path).seeds)


def test_an_interruption_is_never_retried(tmp_path, training):
    def interrupt(cell):
        raise KeyboardInterrupt

    training.before = interrupt
    jobs = jobs_for(tmp_path)
    board, _ = board_for(jobs)
    with pytest.raises(KeyboardInterrupt):
        serial_engine.run(jobs, board)
    assert len(training.calls) == 1
    assert (board.done, board.failures) == (0, [])


def test_a_cell_past_its_deadline_is_given_up(tmp_path, monkeypatch):
    """The deadline is looked at within training, not only at its end."""
    monkeypatch.setattr(trial, "MOMENT", 0.0)
    job = replace(jobs_for(tmp_path)[0], options=RunOptions(deadline=1e-6))
    with pytest.raises(trial.Overdue, match=r"not done after 0 s, \d+% of training; --deadline"):
        trial.run(job)


def test_seeds_of_a_cell_may_be_split_among_trials(tmp_path, training):
    folder = submission_folder(tmp_path, "test")
    jobs = plan_jobs(CELLS[:1], folder, 5, RunOptions(seeds_per_trial=2)).jobs
    assert sorted(job.seeds for job in jobs) == [(0, 1), (2, 3), (4,)]
    serial_engine.run(jobs, board_for(jobs)[0])
    serial_engine.run(whole := jobs_for(tmp_path / "whole", 5), board_for(whole)[0])
    made, at_once = read(jobs[0].path), read(whole[0].path.parent / "bare.json")
    assert made.cell == at_once.cell
    assert made.seeds == at_once.seeds
    assert made.seconds_seeds == at_once.seconds_seeds == 5


def test_other_code_than_the_planned_is_not_run(tmp_path, training):
    """As on a node with another version, or when a file is edited while a grid runs."""
    job = replace(jobs_for(tmp_path)[0], spec="0" * 16)
    with pytest.raises(trial.Changed, match="not what this run was planned with"):
        trial.run(job)
    assert training.calls == []


def test_seeds_of_another_device_or_number_of_threads_do_not_join(tmp_path, training):
    folder = submission_folder(tmp_path, "test")
    for job in plan_jobs(CELLS[:1], folder, 2).jobs:
        run_job(job)
    for resources in (Resources(cpus=2), Resources(gpus=0.5)):
        (job,) = plan_jobs(CELLS[:1], folder, 3, RunOptions(resources=resources)).jobs
        assert job.seeds == (0, 1, 2)
    (job,) = plan_jobs(CELLS[:1], folder, 3).jobs
    assert job.seeds == (2,)


def test_a_disk_that_is_full_for_a_while_loses_nothing(tmp_path, training, monkeypatch):
    """The outcome waits for room, and no other cell is begun meanwhile."""
    full = iter([True, True, False])
    keep = writer.keep

    def no_room(*arguments):
        if next(full, False):
            raise OSError(28, "No space left on device")
        return keep(*arguments)

    monkeypatch.setattr(writer, "keep", no_room)
    monkeypatch.setattr(dispatch, "AGAIN", 0.01)
    jobs = jobs_for(tmp_path)
    board, _ = board_for(jobs)
    serial_engine.run(jobs, board)
    assert (board.done, board.failures) == (3, [])
    assert len(training.calls) == 3
    assert all(job.path.exists() for job in jobs)


def test_a_disk_that_stays_full_ends_the_run(tmp_path, training, monkeypatch):
    monkeypatch.setattr(dispatch, "GIVE_UP", 0.01)
    monkeypatch.setenv(fault_injection.VARIABLE, str(tmp_path))
    (tmp_path / "plan.yaml").write_text("[{cell: any, kind: full, times: 9}]")
    jobs = jobs_for(tmp_path)
    board, _ = board_for(jobs)
    serial_engine.run(jobs, board)
    assert len(training.calls) == 1
    assert board.done == 0
    assert "the record cannot be written: [Errno 28] No space left on device" in board.failures[0]


def test_divergence_is_an_outcome(tmp_path, monkeypatch):
    """A seed whose curve ends in NaN is recorded as diverged, beside the seed that did not."""

    class Diverging(FakeTraining):
        def __call__(self, learner, seeds, **rest):
            run = super().__call__(learner, seeds, **rest)
            for metrics in run.curves[3:]:
                metrics[1] = dict.fromkeys(metrics[1], float("nan"))
            return replace(run, first_bad_step=[None, 250])

    fake = Diverging()
    monkeypatch.setattr("bench.training.train.train", fake)
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
    first = plan_jobs(grid, folder, 2)
    costs = [job.seconds for job in first.jobs]
    assert costs == sorted(costs, reverse=True)
    for job in first.jobs:
        run_job(job)
    again = plan_jobs(grid, folder, 4)
    assert (again.done, {job.seeds for job in again.jobs}) == (0, {(2, 3)})
    assert all(job.seconds == pytest.approx(1.0) for job in again.jobs)  # what 2 seeds have cost


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that Linux has")
def test_a_log_that_cannot_be_written_costs_nothing(tmp_path, training, capfd):
    jobs = jobs_for(tmp_path)
    for job in jobs:
        job.log.parent.mkdir(parents=True, exist_ok=True)
        job.log.symlink_to("/dev/full")
    board, _ = board_for(jobs)
    serial_engine.run(jobs, board)
    assert (board.done, board.failures, len(training.calls)) == (3, [], 3)
    assert capfd.readouterr().err == ""


def test_what_a_dying_process_says_twice_counts_once(tmp_path, training):
    """A worker may die after it has reported, before Tune has closed the trial."""
    jobs = jobs_for(tmp_path)
    board, _ = board_for(jobs)
    dispatcher = dispatch.Dispatcher(jobs, board)
    first, second = dispatcher.next(), dispatcher.next()
    made = trial.run(jobs[first])
    for _ in range(2):
        dispatcher.succeeded(first, made)
        dispatcher.lost(first, "crashed", "its process was killed")
        dispatcher.lost(second, "crashed", "no luck")
    assert (board.done, board.failures) == (1, [])
    third = dispatcher.next()
    assert [third, dispatcher.next(), dispatcher.next()] == [2, second, None]
    assert read(jobs[first].path).seconds == made.record.seconds


@pytest.mark.parametrize(
    ("reason", "times"), [("oom", 1), ("crashed", 1), ("timeout", 1), ("interrupted", 3)]
)
def test_each_reason_has_its_own_limit(tmp_path, reason, times):
    """Other reasons before it do not count."""
    jobs = jobs_for(tmp_path)[:1]
    board, _ = board_for(jobs)
    dispatcher = dispatch.Dispatcher(jobs, board)
    other = "crashed" if reason == "oom" else "oom"
    for given in (other, *[reason] * times):
        dispatcher.lost(dispatcher.next(), given, "no luck")
        assert not dispatcher.over
    dispatcher.lost(dispatcher.next(), reason, "no luck")
    assert dispatcher.over
    assert board.failures == [f"{jobs[0].label}: no luck"]


def test_parts_made_on_unequal_machines_are_refused_not_lost(tmp_path, training):
    folder = submission_folder(tmp_path, "test")
    jobs = plan_jobs(CELLS[:1], folder, 4, RunOptions(seeds_per_trial=2)).jobs
    board, _ = board_for(jobs)
    dispatcher = dispatch.Dispatcher(jobs, board)
    for number in (dispatcher.next(), dispatcher.next()):
        made = trial.run(jobs[number])
        origin = made.record.provenance.model_copy(update={"environment": f"by {number}"})
        record = made.record.model_copy(update={"provenance": origin})
        dispatcher.succeeded(number, replace(made, record=record))
    assert board.done == 1
    assert "trained with other libraries, environments, threads" in board.failures[0]
    assert [result.seed for result in read(jobs[0].path).seeds] == list(jobs[0].seeds)


def test_a_record_that_breaks_the_schema_fails_alone(tmp_path, training, monkeypatch):
    write = store.write

    def refuse(path, made):
        if path.name == "bare.json":
            raise ValueError("it would exceed 64 kB")
        write(path, made)

    monkeypatch.setattr(store, "write", refuse)
    jobs = jobs_for(tmp_path)
    board, _ = board_for(jobs)
    serial_engine.run(jobs, board)
    assert board.done == 2
    assert "dirac/bare: ValueError: it would exceed 64 kB" in board.failures[0]


def test_nobody_listening_does_not_stop_a_run(tmp_path, training):
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    jobs = jobs_for(tmp_path)
    with Board(jobs, Console(file=Gone())) as board:
        serial_engine.run(jobs, board)
    assert board.done == 3


@pytest.mark.parametrize(
    ("resources", "device", "threads", "fraction"),
    [
        (Resources(), "cpu", 1, None),
        (Resources(cpus=2), "cpu", 2, None),
        (Resources(cpus=2, gpus=1.0), "cuda", 2, None),
        (Resources(gpus=0.25), "cuda", 1, 0.25),
    ],
)
def test_a_cell_trains_with_what_it_is_given(
    tmp_path, training, monkeypatch, resources, device, threads, fraction
):
    """Device, threads, and the part of a shared GPU's memory that goes with a part of the GPU."""
    asked, trained = [], []
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", asked.append)

    def train(*arguments, **rest):
        trained.append((rest["device"], torch.get_num_threads()))
        return training(*arguments, **rest)

    monkeypatch.setattr("bench.training.train.train", train)
    (job,) = plan_jobs(
        CELLS[:1], submission_folder(tmp_path, "test"), 2, RunOptions(resources=resources)
    ).jobs
    try:
        made = run_job(job)
    finally:
        torch.set_num_threads(1)
    assert trained == [(device, threads)]
    assert asked == ([] if fraction is None else [fraction])
    assert made.provenance.device.partition(":")[0] == device
    assert made.provenance.threads == threads


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
    import re

    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (1e5, "27.8 h")],
)
def test_durations_for_people(seconds, text):
    assert duration(seconds) == text
