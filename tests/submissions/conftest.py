"""A submission as it is run, for tests of the validator."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.engine import trial, writer
from bench.engine.plan import check, plan_jobs
from bench.experiment.grid import Grid
from bench.records.paths import submission_folder
from bench.records.store import Found, walk
from bench.submissions import known_commits, manifest
from bench.submissions.validate import validate
from tests.support.checks import CELLS, put
from tests.support.fakes import FakeTraining
from tests.support.git import Git
from tests.support.merges import repository

_, COMMIT = known_commits.trunk()


def describe(folder: Path) -> None:
    """Write the manifest that belongs to the records of a folder."""
    found = [item for item in walk(folder) if isinstance(item, Found)]
    text = manifest.to_text(manifest.of("somebody", "CC-BY-4.0", found))
    (folder / manifest.FILE).write_text(text)


def run(results: Path, seeds: int) -> Path:
    """2/someone: dirac, whose only base is bare, with r1 and the controls."""
    bases = ("bare", "reference")
    return run_grid(
        results, Grid(about="", tasks=("dirac",), strategies=("r1",), bases=bases, seeds=seeds)
    )


def run_grid(results: Path, grid: Grid) -> Path:
    """2/someone with the cells of a grid."""
    folder = submission_folder(results, "someone")
    check(grid.cells(), grid.seeds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.training.train.train", FakeTraining())
        patch.setattr("bench.records.provenance.checkout", lambda: (COMMIT, False))
        for job in plan_jobs(grid.cells(), folder, grid.seeds).jobs:
            writer.keep(job, trial.run(job), [])
    describe(folder)
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
def git(made, tmp_path) -> Git:
    """Two merged submissions, and a branch for a change."""
    return repository(made, tmp_path / "repository")


@pytest.fixture
def folder(made, tmp_path) -> Path:
    shutil.copytree(made, tmp_path / "2" / "someone")
    return tmp_path / "2" / "someone"


def checked(path: Path) -> tuple[int, list[str]]:
    """How many files were checked, and the problems without their rules."""
    found = validate(path)
    return found.count, [f"{one.file}: {one.text}" for one in found.problems]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """2/someone has twelve cells; nobody has checked them."""
    for cell in range(CELLS):
        put(tmp_path, cell)
    return tmp_path
