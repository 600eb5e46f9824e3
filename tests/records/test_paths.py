"""Where files lie, also where folders are links, and names that no file system takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.engine.plan import Job
from bench.experiment.cell import Cell
from bench.experiment.registry import strategies
from bench.records.paths import (
    LONGEST_NAME,
    SEARCH_SUFFIX,
    json_files,
    name_problem,
    place,
    submission_folder,
)
from tests.support.fakes import FakeTraining, bench
from tests.support.small import SMALL, one_error, records

MANY = "+".join(sorted(strategies())[:20])


@pytest.mark.parametrize(
    ("strategy", "fits"),
    [
        ("r1", True),
        ("r1+replay", True),
        ("+".join(["x" * 40] * 5), True),
        ("+".join(["x" * 40] * 6), False),
        (MANY, False),
    ],
)
def test_a_name_fits_with_all_that_is_appended(strategy: str, fits: bool, tmp_path: Path) -> None:
    cell = Cell("dirac", "bare", strategy)
    assert (name_problem(cell) is None) == fits
    longest = f"{cell.name}~tuned{SEARCH_SUFFIX}.corrupt999"
    if fits:
        (tmp_path / longest).touch()
    else:
        with pytest.raises(OSError, match="name too long"):
            (tmp_path / longest).touch()


def test_a_name_that_is_too_long_is_bad_input_before_anything_runs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    training: FakeTraining,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (["run", *SMALL], ["tune", "--budget", "2", "--tasks", "dirac"]):
        named = [*command, "--strategies", f"r1,{'+'.join(['placebo', *['harmful'] * 40])}"]
        assert bench(*named) == 2
        said = one_error(capsys)
        assert "joins 40 strategies" in said or "harmful" in said
    assert training.calls == []
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("path", "placed"),
    [
        ("results/2/local/dirac/bare.json", ("2", "local", "dirac", "bare.json")),
        ("/bare.json", ("", "", "/", "bare.json")),
        ("/2/local/dirac/bare.json", ("2", "local", "dirac", "bare.json")),
        ("/", ("", "", "", "/")),
        ("/a/../2/./local//dirac/bare.json", ("2", "local", "dirac", "bare.json")),
    ],
)
def test_the_place_of_a_path(path: str, placed: tuple[str, ...]) -> None:
    assert place(Path(path)) == placed


LINKS = {
    "the submission, to a deep folder": ("results/2/local", "elsewhere/deep/er/folder"),
    "the submission, to a short folder": ("results/2/local", "s"),
    "the protocol": ("results/2", "elsewhere/p"),
    "the results": ("results", "elsewhere"),
    "a task": ("results/2/local/dirac", "t"),
}


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("inside", [False, True])
def test_a_folder_that_is_a_link_sends_nothing_elsewhere(
    link: str,
    inside: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    training: FakeTraining,
) -> None:
    """Records go where it leads; logs, actors and the lock stay below the results' own folder."""
    source, target = (tmp_path / name for name in LINKS[link])
    source.parent.mkdir(parents=True, exist_ok=True)
    target.mkdir(parents=True)
    source.symlink_to(os.path.relpath(target, source.parent) if inside else target)
    monkeypatch.chdir(tmp_path)
    assert bench("run", *SMALL, "--seeds", "2") == 0
    assert len(records()) == 3
    root = tmp_path / "results"
    assert (root / "logs/2/local/run.status").is_file()
    assert len(list((root / "logs/2/local/dirac").glob("*.log"))) == 3
    assert len(list((root / "actors/2/local/dirac").glob("*.npz"))) == 3
    outside = {path.suffix for path in target.rglob("*") if path.is_file()}
    if link != "the results":
        assert outside == {".json"}
    assert bench("status") == 0
    assert bench("report") == 0
    training.calls.clear()
    assert bench("run", *SMALL, "--seeds", "2") == 0
    assert training.calls == []


@pytest.mark.parametrize("where", [".", "results", "results/2", "results/2/local"])
def test_records_are_validated_from_wherever_one_stands(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, training: FakeTraining
) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench("run", *SMALL, "--seeds", "2") == 0
    folder = tmp_path / "results" / "2" / "local"
    monkeypatch.chdir(tmp_path / where)
    for path in (folder, os.path.relpath(folder), folder / "dirac" / "bare.json"):
        assert bench("validate", path) == 0
    monkeypatch.chdir(folder / "dirac")
    for path in ("..", ".", "bare.json", "../dirac/bare.json"):
        assert bench("validate", path) == 0


def test_a_link_in_a_circle_ends(tmp_path: Path) -> None:
    folder = tmp_path / "2" / "local" / "dirac"
    folder.mkdir(parents=True)
    (folder / "bare.json").touch()
    (folder / "loop").symlink_to(tmp_path)
    (folder / "self").symlink_to(folder)
    assert list(json_files(tmp_path)) == [folder / "bare.json"]


@pytest.mark.parametrize("follow", [True, False])
def test_no_file_is_too_deep_to_be_found(follow: bool, tmp_path: Path) -> None:
    """A validator must see what lies where nothing belongs."""
    deep = tmp_path / "/".join("abcdefgh") / "hidden.json"
    deep.parent.mkdir(parents=True)
    deep.touch()
    assert list(json_files(tmp_path, follow=follow)) == [deep]


def test_a_jobs_log_is_beside_its_record(tmp_path: Path) -> None:
    cell = Cell("dirac", "bare")
    path = submission_folder(tmp_path, "me") / "dirac" / "bare.json"
    job = Job(cell, (0,), (0,), path, 1.0, "0" * 16)
    assert job.log == tmp_path / "logs" / "2" / "me" / "dirac" / "bare.log"
    assert len(cell.name) < LONGEST_NAME
