"""A submission as it is run, for tests of the validator."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.engine import trial, writer
from bench.engine.plan import check, plan_jobs
from bench.experiment.grid import Grid
from bench.records.paths import submission_folder
from tests.support.fakes import FakeTraining
from tests.support.git import Git
from tests.support.merges import repository


def run(results: Path, seeds: int) -> Path:
    """2/someone: dirac, whose only base is bare, with r1 and the controls."""
    grid = Grid(
        about="", tasks=("dirac",), strategies=("r1",), bases=("bare", "reference"), seeds=seeds
    )
    folder = submission_folder(results, "someone")
    check(grid.cells(), grid.seeds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.training.train.train", FakeTraining())
        for job in plan_jobs(grid.cells(), folder, grid.seeds).jobs:
            writer.keep(job, trial.run(job), [])
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A submission with 3 seeds of each cell."""
    return run(tmp_path_factory.mktemp("results"), 3)


@pytest.fixture
def more_seeds(made, tmp_path) -> Path:
    """The same with 2 more seeds, which were run later."""
    shutil.copytree(made, tmp_path / "more" / "2" / "someone")
    return run(tmp_path / "more", 5)


@pytest.fixture
def folder(made, tmp_path) -> Path:
    shutil.copytree(made, tmp_path / "2" / "someone")
    return tmp_path / "2" / "someone"


@pytest.fixture
def git(made, tmp_path) -> Git:
    """Two merged submissions, and a branch for a change."""
    return repository(made, tmp_path / "repository")
