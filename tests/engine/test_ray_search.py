"""`tune` through Ray finds the settings that are known to be best, and goes on where it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.engine import trial
from bench.experiment import registry
from bench.records import search_store
from bench.records.paths import search_path
from bench.records.search import Candidate, Search
from bench.records.store import read
from tests.support.closed_form import build, learner, update_matrix
from tests.support.searches import KEEP, R1, RULES, search_jobs
from tests.support.suite import LONG, Suite, planted, wait_for

pytestmark = pytest.mark.ray


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def radius(gamma: float) -> float:
    """By how much an update of the Dirac-GAN with R1 shrinks the distance in the long run."""
    matrix = update_matrix(learner("dirac", build("r1", "dirac", gamma=gamma)))
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def found(suite: Suite, name: str = "local") -> Search:
    return search_store.read(search_path(suite.folder / "results" / "2" / name, R1))


GRID = ("--tasks", "dirac", "--strategies", "r1,layer_norm", "--base", "bare")


ONE_BY_ONE = ("--max-concurrent", "1")


def test_from_a_search_to_records_with_its_choice(suite: Suite) -> None:
    """Real training through Ray. By the spectral radius gamma 1 is best of 0.01, 0.1, 1 and 10."""
    tune = ("tune", *GRID, *ONE_BY_ONE)
    code, out, err = suite(*tune, "--budget", "2")
    assert (code, err) == (0, "")
    assert "to search dirac/bare+r1: 2 settings, 3 seeds each" in out
    assert "nothing to search in dirac/bare and 3 more: " in out
    first = found(suite)
    assert first.seeds == [1000, 1001, 1002]
    assert first.complete
    assert first.provenance is not None
    code, out, _ = suite("run", *GRID, "--settings", "tuned", "--dry-run")
    assert (code, "bare+r1~tuned" in out) == (0, True)

    code, _, err = suite(*tune, "--budget", "9")  # of the four that there are
    assert (code, err) == (0, "")
    whole = found(suite)
    assert whole.candidates[: len(first.candidates)] == first.candidates  # not tried again
    assert [tried.number for tried in whole.candidates] == [0, 1, 2, 3]
    before = suite.begun
    assert suite(*tune, "--budget", "9")[0] == 0
    assert suite.begun == before

    best = whole.best()
    assert best is not None
    gammas = [tried.settings["r1"]["gamma"] for tried in whole.candidates]
    assert gammas[0] == 1.0  # the published one
    assert best.settings["r1"]["gamma"] == min(gammas, key=radius)
    for tried in whole.candidates[1:]:  # behind from the start
        assert tried.status == "stopped"
        assert len(tried.curve) in {3, 6}  # where they are compared
    steps = registry.task("dirac").updates
    assert (len(best.curve), best.curve[-1].step) == (10, steps)

    run = ("run", *GRID, "--settings", "tuned", "--seeds", "2", "--engine", "serial")
    code, _, err = suite(*run)
    assert (code, err) == (0, "")
    folder = suite.folder / "results" / "2" / "local"
    cells = {path.stem for path in folder.glob("dirac/*.json") if "search" not in path.name}
    controls = {"bare", "bare+harmful", "bare+placebo"}
    assert cells == {*controls, "bare+layer_norm", "bare+r1~tuned"}
    tuned = read(folder / "dirac" / "bare+r1~tuned.json")
    assert (tuned.settings_from, tuned.settings) == ("tuned", best.settings)
    assert [result.seed for result in tuned.seeds] == [0, 1]
    assert "5 already have records" in suite(*run)[1]
    assert suite("validate", "results/2/local") == (0, "6 records are valid\n", "")


def test_a_model_chooses_through_ray_and_what_crashes_is_tried_again(suite: Suite) -> None:
    """Two settings at a time; the published ones are never proposed, even while they run."""
    suite.plant(
        {"cell": "dirac/bare+r1~0", "kind": "crash", "at": 0.7},
        {"cell": "dirac/bare+r1~1", "kind": "full"},
    )
    code, out, err = suite("tune", *GRID, "--budget", "4", "--searcher", "optuna")
    assert (code, err) == (0, "")
    assert "crashed, again later: dirac/bare+r1~0" in out
    assert planted(suite) >= {"0-crash-0", "1-full-0"}
    whole = found(suite)
    assert [attempt.reason for attempt in whole.candidates[0].attempts] == ["crashed"]
    assert {tried.settings["r1"]["gamma"] for tried in whole.candidates} == {0.01, 0.1, 1.0, 10.0}
    assert suite("validate", "results/2/local") == (0, "1 record is valid\n", "")


def test_a_killed_search_goes_on_where_it_was(suite: Suite) -> None:
    """SIGKILL of the command; what had been tried is not tried again, and the file is whole.

    In the end it is as if everything had been tried in one process.
    """
    undisturbed = suite.folder / "undisturbed"
    for job in search_jobs(undisturbed, replace(RULES, halving=False)):
        KEEP(job, trial.run(job), [])
    whole = ("tune", *GRID, "--budget", "3", "--no-halving", *ONE_BY_ONE)
    suite.plant({"cell": "dirac/bare+r1~1", "kind": "hang", "at": 0.5})
    process = suite.start(*whole)
    wait_for(process, lambda: "0-hang-0" in planted(suite))
    assert [tried.number for tried in found(suite).candidates] == [0]
    process.kill()
    process.communicate(timeout=LONG)
    code, _, err = suite(*whole)
    assert (code, err) == (0, "")
    assert suite.trained["dirac/bare+r1~0", "1000, 1001, 1002"] == 1
    expected = search_store.read(search_path(undisturbed, R1)).candidates
    assert [timeless(tried) for tried in found(suite).candidates] == [
        timeless(tried) for tried in expected
    ]
    assert {tried.status for tried in found(suite).candidates} == {"finished"}


def timeless(tried: Candidate) -> Candidate:
    return tried.model_copy(update={"seconds": 0.0})
