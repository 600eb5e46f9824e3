"""What the serial engine does when cells fail, disks are full or nobody listens."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from bench.engine import dispatch, fault_injection, serial_engine, trial, writer
from bench.engine.progress import Board
from bench.records import store
from bench.records.store import read
from tests.support.jobs import board_for, jobs_for


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
