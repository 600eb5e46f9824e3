"""In which order jobs are handed out, and how often again."""

import errno
import os
from dataclasses import replace

import pytest

from bench.engine import dispatch, serial_engine, trial, writer
from bench.engine.plan import RunOptions, plan_jobs
from bench.experiment.cell import Cell
from bench.records import provenance
from bench.records.paths import submission_folder
from bench.records.record import Provenance
from bench.records.store import DECIDES, read
from tests.support.jobs import CELLS, board_for, jobs_for, run_job


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


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("versions", {"torch": "9.9"}),
        ("environment", "Pendulum-v1 (another 1.0)"),
        ("device", "cuda: another GPU"),
        ("cpu", "another processor"),
        ("threads", 7),
        ("dtype", "float64"),
        ("compiler", None),
        ("compiler", "g++ 99"),
        ("compiled", True),
    ],
)
def test_seeds_made_in_two_ways_share_no_record(tmp_path, training, part, other):
    """The second part trains all seeds; then the record has one way, and nothing is lost."""
    folder = submission_folder(tmp_path, "test")
    jobs = plan_jobs(CELLS[:1], folder, 4, RunOptions(seeds_per_trial=2)).jobs
    board, said = board_for(jobs)
    dispatcher = dispatch.Dispatcher(jobs, board)

    def run(number: int, **changes: object) -> None:
        made = trial.run(dispatcher.jobs[number])
        origin = made.record.provenance.model_copy(update=changes)
        record = made.record.model_copy(update={"provenance": origin})
        dispatcher.succeeded(number, replace(made, record=record))

    first, second = dispatcher.next(), dispatcher.next()
    run(first)
    run(second, **{part: other})
    assert (board.done, board.failures) == (1, [])
    assert [result.seed for result in read(jobs[0].path).seeds] == list(jobs[first].seeds)
    assert "all seeds again" in said.getvalue()
    assert f"{next(iter(other)) if part == 'versions' else part} " in said.getvalue()
    assert dispatcher.next() == second
    assert dispatcher.jobs[second].seeds == (0, 1, 2, 3)
    run(second, **{part: other})
    assert (board.done, board.failures, dispatcher.over) == (2, [], True)
    kept = read(jobs[0].path)
    assert [result.seed for result in kept.seeds] == [0, 1, 2, 3]
    assert getattr(kept.provenance, part) == other


def test_what_makes_numbers_differ_is_all_of_provenance_but_its_origin() -> None:
    """A new part must be entered in one of the two sets."""
    origin = {"suite", "commit", "dirty", "spec", "data"}
    assert set(Provenance.model_fields) == {*DECIDES, *origin}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_waited_for(tmp_path, training, monkeypatch, number):
    monkeypatch.setattr(dispatch, "AGAIN", 0.0)
    jobs = jobs_for(tmp_path)[:2]
    board, _ = board_for(jobs)
    full = [True]

    def keep(job: object, result: object, attempts: object) -> str:
        if full[0]:
            raise OSError(number, os.strerror(number))
        return "kept"

    dispatcher = dispatch.Dispatcher(jobs, board, keep)
    dispatcher.succeeded(dispatcher.next(), "made")
    assert (dispatcher.next(), board.failures, dispatcher.over) == (None, [], False)
    full[0] = False
    assert dispatcher.next() == 1
    assert (board.done, board.failures) == (1, [])


@pytest.mark.parametrize(
    "number",
    [
        *(errno.EACCES, errno.ENAMETOOLONG, errno.EROFS, errno.ENOENT, errno.ENOTDIR),
        *(errno.EISDIR, errno.EIO, errno.ESTALE, errno.ELOOP, errno.EFBIG),
    ],
)
def test_another_error_of_writing_fails_its_job_alone(tmp_path, training, number):
    """It is not taken for a full disk, for which all other cells would wait."""
    jobs = jobs_for(tmp_path)[:2]
    board, _ = board_for(jobs)

    def keep(job: object, result: object, attempts: object) -> str:
        if job is jobs[0]:
            raise OSError(number, os.strerror(number))
        return "kept"

    dispatcher = dispatch.Dispatcher(jobs, board, keep)
    first, second = dispatcher.next(), dispatcher.next()
    dispatcher.succeeded(first, "made")
    assert board.failures == [
        f"{jobs[0].label}: {jobs[0].path} cannot be written: {os.strerror(number)}"
    ]
    dispatcher.succeeded(second, "made")
    assert (board.done, dispatcher.over) == (1, True)


def test_a_cell_whose_new_seeds_were_made_otherwise_is_trained_whole(
    tmp_path, training, monkeypatch
):
    """Found out by the trial, as when its updates cannot be compiled any more: nothing is lost."""
    folder = submission_folder(tmp_path, "test")
    (job,) = plan_jobs(CELLS[:1], folder, 2).jobs
    run_job(job)
    (job,) = plan_jobs(CELLS[:1], folder, 4).jobs
    assert job.seeds == (2, 3)
    made_before = provenance.of
    monkeypatch.setattr(
        provenance, "of", lambda *rest, **more: made_before(*rest, **more | {"compiled": True})
    )
    board, said = board_for([job])
    with board:
        serial_engine.run([job], board)
    assert (board.done, board.failures) == (1, [])
    assert "all seeds again" in said.getvalue()
    assert [seeds for *_, seeds in training.calls] == [(0, 1), (2, 3), (0, 1, 2, 3)]
    kept = read(job.path)
    assert [result.seed for result in kept.seeds] == [0, 1, 2, 3]
    assert kept.provenance.compiled


def test_a_result_never_replaces_seeds_that_it_lacks(tmp_path, training):
    """Whatever the job says that it was to train."""
    folder = submission_folder(tmp_path, "test")
    (job,) = plan_jobs(CELLS[:1], folder, 2).jobs
    run_job(job)
    before = job.path.read_text()
    made = trial.run(replace(job, seeds=(2, 3)))
    origin = made.record.provenance.model_copy(update={"threads": 9})
    record = made.record.model_copy(update={"provenance": origin})
    with pytest.raises(writer.Unlike):
        writer.keep(replace(job, seeds=(0, 1, 2, 3)), replace(made, record=record), [])
    assert job.path.read_text() == before
