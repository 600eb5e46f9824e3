"""Cells that crash and runs that are interrupted: what is done is kept, and the end says so."""

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from tests.support.fakes import bench
from tests.support.small import one_error, records


def test_a_cell_that_crashes_does_not_stop_the_others(small, training, capsys):
    def crash(cell):
        if cell == "dirac+placebo":
            raise RuntimeError("no luck\nat all")

    training.before = crash
    assert small("--seeds", "2") == 3
    assert sorted(records()) == ["dirac/bare", "dirac/bare+harmful"]
    assert training.cells.count("dirac+placebo") == 2
    assert [path.name for path in sorted(Path("results/2/local/dirac").iterdir())] == [
        "bare+harmful.json",
        "bare.json",
    ]
    out, err = capsys.readouterr()
    assert "failed (crashed) dirac/bare+placebo: RuntimeError: no luck at all" in out
    (line,) = err.splitlines()
    first, _, then = re.split(r" \((tests/cli/test_failures\.py:\d+)\); ", line)
    assert first == (
        "error: 1 of 3 cells failed, first dirac/bare+placebo: RuntimeError: no luck at all"
    )
    assert then == (
        "the records of the others are in results/2/local; run the same command again to retry"
    )
    training.before = lambda cell: None
    training.calls.clear()
    assert small("--seeds", "2") == 0
    assert training.cells == ["dirac+placebo"]


def test_seeds_that_are_there_survive_a_crash_of_others(small, training):
    small("--seeds", "2")
    before = records()

    def crash(cell):
        raise RuntimeError("no luck")

    training.before = crash
    assert small("--seeds", "4") == 3
    assert records() == before


@pytest.mark.parametrize(
    ("error", "reason"),
    [(RuntimeError("no luck"), "crashed"), (MemoryError("no room"), "oom")],
)
def test_a_second_try_is_recorded_with_its_reason(small, training, error, reason):
    tried = []

    def crash_once(cell):
        tried.append(cell)
        if tried.count(cell) == 1:
            raise error

    training.before = crash_once
    assert small("--seeds", "2") == 0
    assert len(tried) == 6
    for made in records().values():
        for result in made.seeds:
            (attempt,) = result.attempts
            assert attempt.reason == reason
            assert attempt.message.startswith(f"{type(error).__name__}: {error} (tests/")
            assert result.status == "ok"


def test_an_interruption_keeps_what_is_done(small, training, capsys):
    def interrupt(cell):
        if len(training.calls) == 2:
            raise KeyboardInterrupt

    training.before = interrupt
    assert small("--seeds", "2") == 130
    assert len(records()) == 1
    out, err = capsys.readouterr()
    assert "failed" not in out
    assert err.startswith("error: interrupted with 2 of 3 cells to go")
    assert err.count("\n") == 1
    training.before = lambda cell: None
    training.calls.clear()
    assert small("--seeds", "2") == 0
    assert len(training.calls) == 2


def test_an_interruption_before_the_first_cell(small, monkeypatch, capsys):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.engine.plan.plan_jobs", interrupt)
    assert small("--seeds", "2") == 130
    assert one_error(capsys) == "interrupted before anything was run"


def test_a_child_killed_before_its_last_words_leaves_records_that_tell(small, monkeypatch, capsys):
    """As when Ray's daemons died by the same signal and the library waits for them for ever."""

    def one_cell_then_killed(function, plan, *rest):
        with suppress(typer.Exit):
            function(replace(plan, jobs=plan.jobs[:1]), *rest[:-1], None)
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.cli.execute.run_in_child", one_cell_then_killed)
    assert small("--seeds", "2", "--engine", "ray") == 130
    assert len(records()) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said == (
        "error: interrupted with 2 of 3 cells to go; the records of the others are in "
        "results/2/local; run the same command again to go on"
    )


def test_an_interruption_after_a_failure_is_still_one(small, training):
    def fail_then_interrupt(cell):
        raise RuntimeError("no luck") if len(training.calls) <= 2 else KeyboardInterrupt

    training.before = fail_then_interrupt
    assert small("--seeds", "2") == 130


def test_parts_of_cells_are_called_so(small, training, capsys):
    def crash(cell):
        if cell == "dirac+placebo":
            raise RuntimeError("no luck")

    training.before = crash
    assert small("--seeds", "2", "--seeds-per-trial", "1") == 3
    out, err = capsys.readouterr()
    assert "to run dirac/bare: 1 seed, about" in out
    assert "3 cells to run" in out
    assert "error: 2 of 6 parts of cells failed, first dirac/bare+placebo" in err
    bench("status")
    assert "4 of 6 parts of cells done, 4 of 6 seeds" in capsys.readouterr().out
