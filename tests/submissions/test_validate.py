"""The validator: one planted fault after another in a folder that is valid without it."""

import json
from pathlib import Path

import pytest

from bench.records.store import Found, walk
from bench.submissions.validate import NothingToCheck
from tests.submissions.conftest import checked
from tests.support.fakes import bench


def edit(path: Path, change) -> None:
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw))


def test_a_folder_as_it_was_run_is_valid(folder, capsys):
    assert checked(folder) == (4, [])
    assert bench("validate", folder) == 0
    assert capsys.readouterr() == ("4 records are valid\n", "")


def test_one_file_can_be_checked_too(folder, capsys, monkeypatch):
    assert checked(folder / "dirac" / "bare.json") == (1, [])
    monkeypatch.chdir(folder)
    assert bench("validate", "dirac/bare.json") == 0
    assert bench("validate", ".") == 0
    assert capsys.readouterr().out == "1 record is valid\n4 records are valid\n"


def last_seed(raw):
    return raw["seeds"][-1]


def drop_a_seed(raw):
    del raw["seeds"][1]


def copy_a_curve(raw):
    raw["seeds"][2] = raw["seeds"][0] | {"seed": 2}


def copy_a_curve_with_another_score(raw):
    raw["seeds"][2] |= {"curve": raw["seeds"][0]["curve"]}


def better_curve(raw):
    last_seed(raw)["curve"][-1]["metrics"]["distance"] = 0.0


def hide_a_divergence(raw):
    last_seed(raw)["curve"][-1]["metrics"]["distance"] = None


FAULTS = {
    "a planned seed is missing": (drop_a_seed, "planned seeds without an outcome: 1"),
    "a score was edited": (
        lambda raw: last_seed(raw).update(score=0.0),
        "seed 2: score is 0.0, but the curve gives",
    ),
    "a score was taken away": (
        lambda raw: last_seed(raw).update(score=None),
        "seed 2: score is None, but the curve gives",
    ),
    "a last value was edited": (
        lambda raw: last_seed(raw).update(last=0.0),
        "seed 2: last is 0.0, but the curve gives",
    ),
    "a best value was edited": (
        lambda raw: last_seed(raw).update(best=0.0),
        "seed 2: best is 0.0, but the curve gives",
    ),
    "a curve was edited": (better_curve, "seed 2: last is"),
    "a hole in the curve": (hide_a_divergence, "seed 2: score is"),
    "a failure was declared": (
        lambda raw: last_seed(raw).update(status="diverged"),
        "seed 2: status diverged, but the curve says ok",
    ),
    "a curve was copied": (copy_a_curve, "seed 2 has the curve of another seed"),
    "a curve was copied, not its score": (
        copy_a_curve_with_another_score,
        "seed 2 has the curve of another seed",
    ),
    "steps go back": (
        lambda raw: last_seed(raw)["curve"].reverse(),
        "seed 2: the curve's steps must start at 0 and increase",
    ),
    "a point was left out": (
        lambda raw: last_seed(raw)["curve"].pop(1),
        "seed 2: the curve has other steps than the first seed's",
    ),
    "other code": (
        lambda raw: raw["provenance"].update(spec="0" * 16),
        "made by other code, settings or data than this checkout's",
    ),
    "other settings": (
        lambda raw: raw["settings"]["r1"].update(gamma=7.0),
        "the settings are not the published ones",
    ),
    "the score's direction": (
        lambda raw: raw["score_info"].update(better="higher"),
        "says its score is",
    ),
    "the score's window": (lambda raw: raw["score_info"].update(window=1), "says its score is"),
    "the domain": (lambda raw: raw.update(domain="rl"), "says its score is"),
    "the contrast": (
        lambda raw: raw.update(contrast="removed"),
        "the cell of these strategies is added: bare+r1",
    ),
    "what takes another's place": (
        lambda raw: raw.update(instead_of="r2", contrast="in place of"),
        "the cell of these strategies is in place of: bare-r2+r1",
    ),
    "the place of what is not there": (
        lambda raw: raw.update(instead_of="r2"),
        "the bare base of dirac has no r2 to remove",
    ),
    "the place of no name": (lambda raw: raw.update(instead_of=""), "instead_of: String should"),
    "another cell": (lambda raw: raw.update(strategy="replay"), "added: bare+replay"),
    "an unknown task": (lambda raw: raw.update(task="dirak"), "unknown task 'dirak'"),
    "an unknown strategy": (lambda raw: raw.update(strategy="r9"), "unknown strategy 'r9'"),
    "a conflict": (lambda raw: raw.update(strategy="r1+r1"), "r1 is given twice"),
    "another protocol": (lambda raw: raw.update(protocol_version="1"), "protocol 1, not 2"),
    "an extra field": (lambda raw: raw.update(note="hello"), "note: Extra inputs"),
    "a missing field": (lambda raw: raw.pop("provenance"), "provenance: Field required"),
    "an outcome that is none": (
        lambda raw: last_seed(raw).update(status="crashed"),
        "seeds.2.status: ",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_in_a_record_is_named(folder, capsys, fault):
    change, message = FAULTS[fault]
    path = folder / "dirac" / "bare+r1.json"
    edit(path, change)
    count, problems = checked(folder)
    assert count == 4
    assert any(line.startswith(f"{path}: ") and message in line for line in problems), problems
    assert all(line.startswith(f"{path}: ") for line in problems), problems
    assert bench("validate", folder) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[-1].startswith(f"error: {len(problems)} problem")


def test_a_truncated_file_and_a_nan_are_named(folder):
    bare, r1 = folder / "dirac" / "bare.json", folder / "dirac" / "bare+r1.json"
    bare.write_text(bare.read_text()[:-50])
    r1.write_text(r1.read_text().replace('"score": ', '"score": NaN, "was": ', 1))
    problems = checked(folder)[1]
    assert [line.partition(": ")[0] for line in problems] == [str(r1), str(bare)]
    assert "NaN is not a finite number" in problems[0]


@pytest.mark.parametrize(
    "place",
    [
        "2/someone/dirac/bare+r2.json",
        "2/someone/bilinear/bare+r1.json",
        "2/someone/bare+r1.json",
        "2/someone/more/dirac/dirac.json",
        "3/someone/dirac/bare+r1.json",
    ],
)
def test_a_record_in_the_wrong_place_is_named(folder, place):
    root = folder.parents[1]
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / "dirac" / "bare+r1.json").rename(path)
    problems = checked(root)[1]
    assert problems == [f"{path}: belongs at 2/<name>/dirac/bare+r1.json"]


def test_text_from_a_record_cannot_write_lines_of_its_own(folder, capsys):
    """A workflow's log obeys lines that begin with two colons, and a terminal obeys escapes."""
    odd = "x\n::warning::\x1b[31mpwned"
    edit(folder / "dirac" / "bare+r1.json", lambda raw: raw["score_info"].update(unit=odd))
    assert bench("validate", folder) == 2
    shown = capsys.readouterr().err
    assert "\n::" not in shown
    assert "\x1b" not in shown


def test_nothing_to_check(tmp_path, capsys):
    with pytest.raises(NothingToCheck):
        checked(tmp_path / "nope")
    assert bench("validate", tmp_path / "nope") == 2
    assert bench("validate", tmp_path) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.partition(f"{tmp_path}")[0] for line in err.splitlines()] == ["error: "] * 2


def test_a_report_believes_the_present_code_then_more_seeds_then_ones_own(folder, tmp_path):
    """Four records of one cell, in the order in which a report takes them."""
    from bench.report.selection import ranking

    source = (folder / "dirac" / "bare.json").read_text()

    def put(name: str, change=lambda raw: None):
        path = tmp_path / "ranked" / "2" / name / "dirac" / "bare.json"
        path.parent.mkdir(parents=True)
        path.write_text(source)
        edit(path, change)
        return path

    def stale(raw):
        raw["provenance"]["spec"] = "0" * 16

    def fewer(raw):
        raw["seeds"].pop()

    expected = [put("large"), put("local", fewer), put("a", fewer), put("older", stale)]
    found = [item for item in walk(tmp_path / "ranked") if isinstance(item, Found)]
    own = tmp_path / "ranked" / "2" / "local"
    assert [item.path for item in ranking(found, own)] == expected
