"""In which order jobs are handed out, and how often again."""

from dataclasses import replace

import pytest

from bench.engine import dispatch, trial
from bench.engine.plan import RunOptions, plan_jobs
from bench.experiment.cell import Cell
from bench.records.paths import submission_folder
from bench.records.store import read
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
