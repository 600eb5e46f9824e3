"""The maintainers' list: whose records make the tables, and what is withdrawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.submissions import standing

LIST = """
maintained: [2/bases]
withdrawn:
  - {what: 2/somebody, date: 2026-11-26, why: "seeds were chosen after the fact"}
  - {what: 2/other/ring8/bare+r1, date: 2026-11-26, why: "made with code of another branch"}
"""


def loaded(folder: Path, text: str) -> standing.Standing:
    (folder / standing.FILE).write_text(text)
    return standing.load(folder)


def test_without_a_list_all_is_maintained(tmp_path: Path) -> None:
    found = standing.load(tmp_path)
    path = tmp_path / "2" / "anybody" / "ring8" / "bare.json"
    assert found.maintained(path)
    assert found.withdrawal(path) is None


@pytest.mark.parametrize(
    ("path", "maintained", "why"),
    [
        ("2/bases/ring8/bare.json", True, None),
        ("1/bases/ring8/bare.json", False, None),
        ("2/somebody/ring8/bare.json", False, "seeds were chosen after the fact"),
        ("2/somebody/ring8/bare+r1.search.json", False, "seeds were chosen after the fact"),
        ("2/somebody2/ring8/bare.json", False, None),
        ("2/other/ring8/bare+r1.json", False, "made with code of another branch"),
        ("2/other/ring8/bare+r1.search.json", False, "made with code of another branch"),
        ("2/other/ring8/bare+r10.json", False, None),
        ("2/other/ring8/bare.json", False, None),
    ],
)
def test_what_the_list_says(tmp_path: Path, path: str, maintained: bool, why: str | None) -> None:
    found = loaded(tmp_path, LIST)
    assert found.maintained(tmp_path / path) is maintained
    withdrawal = found.withdrawal(tmp_path / path)
    assert (withdrawal and withdrawal.why) == why


@pytest.mark.parametrize(
    "text",
    [
        "maintained: 2/bases",
        "maintained: [bases]",
        "maintained: [2/BASES]",
        "maintained: [../2/bases]",
        "withdrawn: [2/somebody]",
        "withdrawn: [{what: 2/somebody, date: 2026-11-26}]",
        'withdrawn: [{what: 2/somebody, date: today, why: "a reason that is long"}]',
        'withdrawn: [{what: 2/somebody, date: 2026-11-26, why: "short"}]',
        'withdrawn: [{what: somebody, date: 2026-11-26, why: "a reason that is long"}]',
        "believed: []",
        "- 2/bases",
        "maintained: [",
    ],
)
def test_a_list_that_cannot_be_read_is_named_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(standing.BadStanding, match=r"standing\.yaml") as error:
        loaded(tmp_path, text)
    assert "\n" not in str(error.value)


WHY = 'why: "a reason that is long"'
FAULTS = {
    "maintained: [": ["line 1: "],
    "maintained: [2/nobody]": ["maintained: there is no 2/nobody"],
    "maintained: [1/bases]": ["maintained: there is no 1/bases"],
    "maintained: [2/bases, 2/bases]": ["maintained: 2/bases stands there 2 times"],
    "maintained: [bases]\nbelieved: []": ["maintained.0: String", "believed: Extra inputs"],
    f"withdrawn: [{{what: 2/nobody, date: 2026-11-26, {WHY}}}]": [
        "withdrawn: there is no 2/nobody"
    ],
    f"withdrawn: [{{what: 2/bases/dirac/bare+r9, date: 2026-11-26, {WHY}}}]": [
        "withdrawn: there is no 2/bases/dirac/bare+r9"
    ],
    f"withdrawn: [{{what: 2/bases, date: 2026-99-99, {WHY}}}]": ["2026-99-99 is no date"],
    f"withdrawn:\n  - {{what: 2/bases, date: 2026-11-26, {WHY}}}\n"
    f"  - {{what: 2/bases, date: 2026-11-27, {WHY}}}": ["withdrawn: 2/bases stands there 2 times"],
    "maintained: [2/bases]\n"
    f"withdrawn: [{{what: 2/bases/dirac/bare, date: 2026-11-26, {WHY}}}]": [],
    f"withdrawn: [{{what: 2/bases/dirac/bare+r1, date: 2026-11-26, {WHY}}}]": [],
}


@pytest.mark.parametrize("text", FAULTS)
def test_each_fault_of_a_list_is_a_problem(tmp_path: Path, text: str) -> None:
    for name in ("bare.json", "bare+r1.search.json"):
        path = tmp_path / "2" / "bases" / "dirac" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    assert standing.problems(tmp_path) == []
    (tmp_path / standing.FILE).write_text(text)
    found = standing.problems(tmp_path)
    assert len(found) == len(FAULTS[text])
    for problem, part in zip(found, FAULTS[text], strict=True):
        assert part in problem.text
        assert (problem.file, problem.rule) == (str(tmp_path / standing.FILE), "form")
        assert "results/standing.yaml" in problem.remedy
