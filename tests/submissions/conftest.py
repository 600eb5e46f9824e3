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


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """2/someone: dirac, whose only base is bare, with r1 and the controls, 3 seeds each."""
    grid = Grid(
        about="", tasks=("dirac",), strategies=("r1",), bases=("bare", "reference"), seeds=3
    )
    folder = submission_folder(tmp_path_factory.mktemp("results"), "someone")
    check(grid.cells(), grid.seeds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.training.train.train", FakeTraining())
        for job in plan_jobs(grid.cells(), folder, grid.seeds).jobs:
            writer.keep(job, trial.run(job), [])
    return folder


@pytest.fixture
def folder(made, tmp_path) -> Path:
    shutil.copytree(made, tmp_path / "2" / "someone")
    return tmp_path / "2" / "someone"
