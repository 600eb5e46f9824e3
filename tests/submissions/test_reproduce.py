"""`python -m bench reproduce`: real cells, planted changes, draws, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.records import store
from bench.records.store import Found, walk
from bench.submissions import check
from bench.submissions.check import FoundCheck
from bench.submissions.draw import order
from bench.training.compilation import compiler
from tests.support.checks import levels_of
from tests.support.code_path import code_path
from tests.support.fakes import bench
from tests.support.small import SMALL, one_error

REF = "b6589fc6ab0dc82cf12099d1c2d40ab994e8410c"
SPOT = ("reproduce", "--name", "someone", "--ref", REF, "--spot")
OWN = Path("results/2/someone")


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory, and a folder for temporary ones, which is empty at the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr("bench.records.provenance.checkout", lambda: (REF, False))
    yield folder
    assert not list(folder.glob("crossover-reproduce-*"))


@pytest.fixture
def someone(training, capsys) -> Path:
    """2/someone: five cells of dirac with four seeds each, by fake training."""
    arguments = [*SMALL[:3], "r1,r2", *SMALL[4:], "--seeds", "4", "--name", "someone"]
    assert bench("run", *arguments) == 0
    assert len(list(walk(OWN))) == 5
    capsys.readouterr()
    training.calls.clear()
    training.pace = 0.25  # no two runs take just as long
    return OWN


def checks() -> list[check.Check]:
    return [f.check for f in check.walk(Path("results")) if isinstance(f, FoundCheck)]


def kept(scratch: Path) -> Path:
    """The folder of re-runs that was left, which is removed then."""
    (found,) = scratch.glob("crossover-reproduce-*")
    moved = scratch / "kept"
    shutil.rmtree(moved, ignore_errors=True)
    return found.rename(moved)


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))


def test_a_real_cell_agrees_bit_for_bit_and_one_planted_number_is_found(scratch, capsys):
    assert bench("run", *SMALL, "--contrasts", "none", "--seeds", "5", "--name", "someone") == 0
    path = OWN / "dirac" / "bare.json"
    before, number = snapshot(OWN), store.read(path).seeds[1].curve[4].metrics["distance"]
    capsys.readouterr()
    again = ("reproduce", "dirac/bare", "--name", "someone", "--seeds", "4")
    assert bench(*again) == 0
    out = capsys.readouterr().out
    assert "dirac/bare agrees: equal bit for bit on 4 seeds" in out
    assert out.endswith("1 cell agrees\n")
    assert snapshot(OWN) == before
    change(path, f'"distance": {number}', f'"distance": {1.5 * number:.7g}')
    assert check.problems(Path("results")) == []
    assert bench(*again) == 1
    assert (kept(scratch) / "2/someone/dirac/bare.json").is_file()
    out, err = capsys.readouterr()
    assert "dirac/bare differs: made alike, but seed 1 differs from step 200 on, in distance" in out
    assert "error: 1 of 1 cell differ, first dirac/bare\nnote: what was run again" in err


@pytest.mark.slow
@pytest.mark.skipif(compiler() is None, reason="needs a compiler")
def test_an_honest_cell_of_another_code_path_agrees_in_distribution(capsys):
    """Compiled updates round otherwise than replayed ones, if only in the last digit."""
    arguments = [*SMALL, "--contrasts", "none", "--seeds", "6", "--name", "someone"]
    with code_path(compiled=True):
        assert bench("run", *arguments) == 0
    with code_path(compiled=False):
        assert bench("reproduce", "dirac/bare", "--name", "someone") == 0
    out = capsys.readouterr().out
    assert "agrees: made otherwise (compiled True, False): step 0 agrees, p = " in out
    found = check.read(Path("results/checks/2/someone/dirac/bare.json"))
    assert found.rerun.seeds != store.read(OWN / "dirac" / "bare.json").seeds


def test_too_few_seeds_elsewhere_are_no_agreement(someone, capsys):
    change(someone / "dirac" / "bare.json", '"threads": 1', '"threads": 2')
    assert bench("reproduce", "dirac/bare", "--name", "someone") == 3
    out, err = capsys.readouterr()
    assert "cannot tell: made otherwise (threads 2, 1): step 0 agrees, but 4 against 4" in out
    assert "nothing can be told of 1 of 1 cell, first dirac/bare" in err


def test_what_is_drawn_is_what_the_hash_draws_and_goes_on_where_it_was(someone, training, capsys):
    cells = check.cells(someone)
    drawn = [cell.removeprefix("2/someone/") for cell in order(REF, cells)[:3]]
    assert bench(*SPOT, "3", "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 drawn by b6589fc6ab0d from 5 of 5 records"
    odds = "0.60 if 1 are, 0.90 if 2 are forged"
    assert lines[1] == f"the probability that a forged one is among them: {odds}"
    assert [line.split(":")[0] for line in lines[2:5]] == [f"to run again {c}" for c in drawn]
    assert not training.calls
    assert not Path("results/checks").exists()
    before = snapshot(someone)
    assert bench(*SPOT, "3") == 0
    assert len(training.calls) == 3
    assert {f"{one.task}/{one.cell}" for one in checks()} == {*drawn}
    (draw,) = check.draws(someone)
    assert (draw.ref, draw.size, draw.drawn) == (REF, 3, drawn)
    assert {f"2/someone/{cell}" for cell in draw.pool} == {*cells}
    assert bench(*SPOT, "3") == 0
    assert len(training.calls) == 3  # checked before
    assert bench(*SPOT, "5") == 0
    assert len(training.calls) == 5  # two more
    assert bench(*SPOT, "3") == 0
    assert [draw.size for draw in check.draws(someone)] == [5]
    assert snapshot(someone) == before
    found = [item for item in walk(Path("results")) if isinstance(item, Found)]
    assert {*levels_of(Path("results"), found).values()} == {"reproduced"}
    assert check.problems(Path("results")) == []


def test_a_cell_that_was_drawn_stays_drawn_when_it_is_chosen_again(someone):
    assert bench(*SPOT, "5", "--seeds", "2") == 0
    assert bench("reproduce", "dirac/bare", "--name", "someone") == 0
    found = check.read(Path("results/checks/2/someone/dirac/bare.json"))
    assert len(found.rerun.seeds) == 4
    assert check.shared(check.draws(someone), found) == 5


def test_one_hash_draws_from_one_pool(someone, capsys):
    assert bench(*SPOT, "2") == 0
    path = someone / "dirac" / "bare.json"
    path.write_text(path.read_text() + "\n")
    capsys.readouterr()
    assert bench(*SPOT, "2") == 2
    assert "is a draw from other records; draw by a later commit" in one_error(capsys)
    later = [*SPOT[:4], REF[::-1], SPOT[5]]
    assert bench(*later, "2") == 0
    assert len(check.draws(someone)) == 2


@pytest.mark.parametrize(
    ("now", "text"),
    [
        ((REF, True), "not kept: its re-run was made by changed code"),
        ((None, None), "not kept: its re-run names no commit"),
    ],
)
def test_changed_code_compares_and_keeps_nothing(someone, monkeypatch, now, text, capsys):
    monkeypatch.setattr("bench.records.provenance.checkout", lambda: now)
    assert bench("reproduce", "dirac/bare", "--name", "someone") == 0
    assert text in capsys.readouterr().out
    assert checks() == []


def test_what_is_no_plain_file_is_named_and_not_drawn(someone, capsys):
    folder = someone / "dirac"
    os.mkfifo(folder / "pipe.json")
    (folder / "zero.json").symlink_to("/dev/zero")
    (folder / "nothing.json").symlink_to("nowhere")
    (folder / "folder.json").mkdir()
    (folder / "large.json").write_bytes(b" " * 600_000)
    assert bench(*SPOT, "9", "--dry-run") == 0
    out, err = capsys.readouterr()
    assert out.startswith("5 drawn by b6589fc6ab0d from 5 of 10 records\n")
    for name, why in (
        ("pipe", "no plain file"),
        ("zero", "no plain file"),
        ("folder", "no plain file"),
        ("nothing", "cannot be read: No such file or directory"),
        ("large", "larger than 512 kB"),
    ):
        assert f"no valid record: results/2/someone/dirac/{name}.json: {why}\n" in err


def test_cells_that_cannot_be_run_are_not_drawn_and_are_told(someone, capsys):
    change(someone / "dirac" / "bare.json", '"spec": "', '"spec": "0000000000000000')
    spec = store.read(someone / "dirac" / "bare+r1.json").provenance.spec
    change(someone / "dirac" / "bare+r1.json", spec, spec[::-1])
    assert bench(*SPOT, "9", "--dry-run") == 0
    out, err = capsys.readouterr()
    assert out.startswith("3 drawn by b6589fc6ab0d from 3 of 5 records\n")
    assert err.splitlines() == [
        "warning: not among those drawn from, 1 record: made by other code, settings or data than "
        "this checkout's",
        "warning: not among those drawn from, 1 record: no valid record: "
        f"{someone}/dirac/bare.json: provenance.spec: String should match pattern "
        "'^[0-9a-f]{16}$'",
    ]
    assert bench("reproduce", "dirac/bare+r1", "--name", "someone") == 2
    message = one_error(capsys)
    assert message.startswith("dirac/bare+r1 cannot be run again here: made by other code")
    assert "check that out" in message


def test_cells_that_cost_too_much_are_not_drawn(someone, capsys):
    assert bench(*SPOT, "2", "--max-hours", "0") == 3
    err = capsys.readouterr().err
    assert "not among those drawn from, 5 records: expected to take longer" in err
    assert "error: no record of the 5 in results/2/someone can be run again here" in err


def test_a_record_cannot_make_itself_too_dear_to_be_drawn(someone, capsys):
    path = someone / "dirac" / "bare.json"
    raw = json.loads(path.read_text())
    path.write_text(json.dumps(raw | {"seconds": {"update": 1e6}}))
    assert bench(*SPOT, "5", "--max-hours", "1", "--dry-run") == 0
    assert capsys.readouterr().out.startswith("5 drawn by b6589fc6ab0d from 5 of 5 records\n")


def test_a_custom_number_of_updates_is_not_drawn(someone, training, capsys):
    arguments = [*SMALL, "--contrasts", "none", "--seeds", "4", "--updates", "20"]
    assert bench("run", *arguments, "--name", "someone") == 0
    capsys.readouterr()
    assert bench(*SPOT, "9", "--dry-run") == 0
    out, err = capsys.readouterr()
    assert out.startswith("5 drawn by b6589fc6ab0d from 5 of 6 records\n")
    assert "1 record: a custom number of updates" in err


def test_one_cell_that_crashes_loses_no_other(someone, training, scratch, capsys):
    def crash(cell: str) -> None:
        if cell.endswith("+r1"):
            raise RuntimeError("planted")

    training.before = crash
    assert bench(*SPOT, "5") == 3
    out, err = capsys.readouterr()
    assert out.count(" agrees: equal bit for bit on 4 seeds") == 4
    assert "error: 4 of 5 cells agree, and others were not run to the end\n" in err
    assert len(checks()) == 4
    assert "planted" in (kept(scratch) / "logs/2/someone/dirac/bare+r1.log").read_text()
    training.before = lambda cell: None
    training.calls.clear()
    assert bench(*SPOT, "5") == 0
    assert [cell for _, cell, _ in training.calls] == ["dirac+r1"]


def test_a_check_that_cannot_be_written_is_told_and_its_re_run_stays(
    someone, scratch, monkeypatch, capsys
):
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(check, "write", full)
    assert bench("reproduce", "dirac/bare", "--name", "someone") == 3
    err = capsys.readouterr().err
    assert "error: the check of dirac/bare is not kept, its re-run is in " in err
    assert (kept(scratch) / "2/someone/dirac/bare.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "give a cell, as in dirac/bare, or --spot K with --ref HASH; not both"),
        (("dirac/bare", "--spot", "3", "--ref", REF), "not both"),
        (("--spot", "3"), "--spot draws by a full hash"),
        (("--spot", "3", "--ref", "HEAD"), "--spot draws by a full hash"),
        *((("--spot", "3", "--ref", r), "draws by a full hash") for r in (REF[:12], REF.upper())),
        (("dirac/bare", "--ref", REF), "--ref and --max-hours are for --spot"),
        (("dirac/bare", "--max-hours", "1"), "--ref and --max-hours are for --spot"),
        (("dirac/bare+dragan",), "there is no record results/2/someone/dirac/bare+dragan.json"),
        (("dirac/nothing",), "is no cell"),
        (("dirac/bare", "--name", "nobody"), "there is no submission results/2/nobody"),
        (("dirac/bare", "--name", "../2/someone"), "is no name"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(someone, training, arguments, text, capsys):
    assert bench("reproduce", "--name", "someone", *arguments) == 2
    assert text in one_error(capsys)
    assert not training.calls
    assert not Path("results/checks").exists()
