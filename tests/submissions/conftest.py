"""A submission as it is run, for tests of the validator."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.engine import trial, writer
from bench.engine.plan import check, plan_jobs
from bench.experiment.grid import Grid
from bench.records import provenance
from bench.records.paths import submission_folder
from bench.records.store import Found, walk
from bench.submissions import manifest
from bench.submissions.validate import validate
from tests.support.fakes import FakeTraining

COMMIT, _ = provenance.checkout()


def describe(folder: Path) -> None:
    """Write the manifest that belongs to the records of a folder."""
    found = [item for item in walk(folder) if isinstance(item, Found)]
    text = manifest.to_text(manifest.of("somebody", "CC-BY-4.0", found))
    (folder / manifest.FILE).write_text(text)


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
        patch.setattr("bench.records.provenance.checkout", lambda: (COMMIT, False))
        for job in plan_jobs(grid.cells(), folder, grid.seeds).jobs:
            writer.keep(job, trial.run(job), [])
    describe(folder)
    return folder


@pytest.fixture
def folder(made, tmp_path) -> Path:
    shutil.copytree(made, tmp_path / "2" / "someone")
    return tmp_path / "2" / "someone"


def checked(path: Path) -> tuple[int, list[str]]:
    """How many files were checked, and the problems without their rules."""
    found = validate(path)
    return found.count, [f"{one.file}: {one.text}" for one in found.problems]
