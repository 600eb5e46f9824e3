"""What a submission may not hold beside its records: each kind is named."""

from __future__ import annotations

import os

import pytest

from tests.submissions.conftest import checked


def test_a_record_deeper_than_its_place_is_named(folder):
    """Its last four parts are a record's."""
    path = folder / "2" / "local" / "dirac" / "bare+r1.json"
    path.parent.mkdir(parents=True)
    (folder / "dirac" / "bare+r1.json").rename(path)
    assert f"{path}: belongs at 2/<name>/<task>/<cell>.json" in checked(folder)[1]


def test_a_pipe_and_an_executable_record_are_named(folder):
    os.mkfifo(folder / "dirac" / "pipe.json")
    (folder / "dirac" / "bare.json").chmod(0o755)
    lines = checked(folder)[1]
    assert f"{folder / 'dirac' / 'bare.json'}: executable; take that mode away" in lines
    assert f"{folder / 'dirac' / 'pipe.json'}: no plain file; a submission holds" in "\n".join(
        lines
    )


@pytest.mark.parametrize("inside", ["actors", "logs"])
def test_only_a_results_folder_has_actors_and_logs(folder, inside):
    for place in (folder, folder.parents[1]):
        (place / inside).mkdir()
        (place / inside / "blob.npz").write_bytes(b"x")
    stray = f"{folder / inside / 'blob.npz'}: not a record; a submission holds nothing else"
    assert checked(folder)[1] == checked(folder.parents[1])[1] == [stray]


@pytest.mark.parametrize("name", ["page.html", "dirac/samples.png", ".hidden", "setup.py"])
def test_whatever_is_no_record_is_named(folder, name):
    (folder / name).write_text("hello")
    assert checked(folder) == (
        4,
        [f"{folder / name}: not a record; a submission holds nothing else"],
    )


def test_a_link_is_named(folder):
    (folder / "dirac" / "bare.json").rename(folder.parent / "elsewhere.json")
    (folder / "dirac" / "bare.json").symlink_to(folder.parent / "elsewhere.json")
    (folder / "bilinear").symlink_to(folder.parent)
    lines = checked(folder)[1]
    for name in ("dirac/bare.json", "bilinear"):
        assert (
            f"{folder / name}: a link, of which a submission has none; validate what it"
            in "".join(lines)
        )
    assert not any("elsewhere.json: " in line for line in lines)


def test_links_and_nothing_else_are_named(folder, tmp_path):
    """Not taken for a folder without records."""
    (tmp_path / "linked" / "2").mkdir(parents=True)
    (tmp_path / "linked" / "2" / "me").symlink_to(folder)
    count, (line,) = checked(tmp_path / "linked")
    assert count == 0
    assert "2/me: a link, of which a submission has none; validate what it leads to" in line
    assert checked(tmp_path / "linked" / "2" / "me")[1] == checked(folder)[1]
