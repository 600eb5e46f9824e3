"""One trial and its record: seeds join where they may, and other code, time or devices count."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import bench as bench_package
from bench.engine import serial_engine, trial
from bench.engine.plan import Job, Resources, RunOptions, plan_jobs
from bench.experiment.spec import spec_hash
from bench.records.paths import submission_folder
from bench.records.store import read
from bench.tasks.family.point import PointGame
from tests.support.fakes import FakeTraining
from tests.support.jobs import CELLS, board_for, jobs_for, run_job


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
        plan = plan_jobs(CELLS[:1], folder, 3, RunOptions(resources=resources))
        assert (plan.jobs, list(plan.skipped)) == ([], ["dirac"])
        (job,) = plan_jobs(CELLS[:1], folder, 3, RunOptions(resources, again=True)).jobs
        assert job.seeds == (0, 1, 2)
    (job,) = plan_jobs(CELLS[:1], folder, 3).jobs
    assert job.seeds == (2,)


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


def raised_in(path: Path, message: str = "planted") -> Exception:
    """An exception whose innermost frame is in a file of this name."""
    code = compile(f"def f():\n    raise ValueError({message!r})\n", str(path), "exec")
    names: dict[str, Any] = {}
    exec(code, names)
    try:
        names["f"]()
    except ValueError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("bench/tasks/mine.py", " (bench/tasks/mine.py:2)"),
        ("bench/deep/er.py", " (bench/deep/er.py:2)"),
        ("../beside/bench/mine.py", " (tests/engine/test_trial.py:"),
        (".venv/lib/site-packages/bench/mine.py", " (tests/engine/test_trial.py:"),
        ("-cache/kernel.py", " (tests/engine/test_trial.py:"),
    ],
)
def test_an_error_is_one_short_line_with_its_place_in_the_project(place: str, shown: str) -> None:
    """Also where a folder's name begins like the project's."""
    root = Path(bench_package.__file__).absolute().parents[1]
    path = Path(f"{root}{place}") if place.startswith("-") else root / place
    line = trial.problem(raised_in(path, "planted\n" + "x" * 20_000))
    assert line.startswith("ValueError: planted xxx")
    assert shown in line
    assert len(line) < 700
    assert "\n" not in line
