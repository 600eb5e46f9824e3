"""Names that a submission may have, and those of its files."""

from __future__ import annotations

import subprocess

import pytest

from bench.submissions.closed_list import (
    check_problem,
    folded,
    name_problem,
    path_problem,
    text_problem,
)

GOOD = [
    "submission.yaml",
    "dirac/bare.json",
    "dirac/bare+r1.json",
    "dirac/bare+r1.search.json",
    "dirac/bare+r1~tuned.json",
    "dirac/bare+r1@900.json",
    "dirac/bare+r1+spectral_norm.json",
    "ring8/reference-low_beta1.json",
    "ring8_info/bare+r1@critic.json",
]

BAD = {
    "Submission.yaml": "nothing that",
    "submission.yml": "nothing that",
    "dirac/submission.yaml": "nothing that",
    "README.md": "nothing that",
    ".gitattributes": "nothing that",
    "bare.json": "nothing that",
    "dirac/.gitattributes": "nothing that",
    "dirac/more/bare.json": "nothing that",
    "actors/dirac/bare.json": "nothing that",
    "2/someone/dirac/bare.json": "nothing that",
    "dirac/bare.json.gz": "nothing that",
    "dirac/bare.JSON": "nothing that",
    "dirac/.json": "not the name of a cell",
    "dirac/bare.json.json": "not the name of a cell",
    "dirac/Bare.json": "not the name of a cell",
    "Dirac/bare.json": "not the name of a cell: unknown task",
    "dirak/bare.json": "not the name of a cell: unknown task",
    "logs/bare.json": "not the name of a cell: unknown task",
    "dirac/bare+r9.json": "not the name of a cell: unknown strategy",
    "dirac/bare+spectral_norm+r1.json": "did you mean dirac/bare+r1+spectral_norm?",
    "dirac/bare+r1+r1.json": "holds a name twice",
    "dirac/bare+r1@nobody.json": "not the name of a cell",
    "dirac/bare+r1@0900.json": "did you mean",
    "dirac/bare+r1@٩٠٠.json": "did you mean",
    "dirac/bare+r1~3.json": "not the name of a cell",
    "dirac/bare+r1~tuned.search.json": "not the name of a search: that is bare+r1.search.json",
    "dirac/bare .json": "not the name of a cell",
    "dirac/bare\n.json": "cannot be printed",
    "dirac/bare\x1b[31m.json": "cannot be printed",
    "dirac/bare\u202e.json": "cannot be printed",
    "dirac/bare\udcff.json": "no UTF-8",
    "../someone/dirac/bare.json": "leads elsewhere",
    "dirac/../bare.json": "leads elsewhere",
    "dirac/..": "leads elsewhere",
    "./bare.json": "leads elsewhere",
    "/bare.json": "leads elsewhere",
    "": "leads elsewhere",
}


@pytest.mark.parametrize("path", GOOD)
def test_files_that_a_submission_holds(path):
    assert path_problem(tuple(path.split("/"))) is None


@pytest.mark.parametrize("path", BAD)
def test_files_that_a_submission_does_not_hold(path):
    assert BAD[path] in (path_problem(tuple(path.split("/"))) or "")


@pytest.mark.parametrize(
    "name", ["me", "0a", "me-", "2.0", "a.b-c_d", "x" * 64, "console", "commit1", "com10"]
)
def test_names_of_submissions(name):
    assert name_problem(name, ["someone", "other.one"]) is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "is no name"),
        ("x" * 65, "is no name"),
        ("Me", "is no name"),
        ("-me", "is no name"),
        (".me", "is no name"),
        ("mé", "is no name"),
        ("me\n", "is no name"),
        ("a/b", "is no name"),
        ("local", "another folder"),
        ("actors", "another folder"),
        ("logs", "another folder"),
        ("checks", "another folder"),
        ("me.", "ends in a way"),
        ("2", "is a number"),
        ("007", "is a number"),
        ("a..b", "holds '..'"),
        ("me.lock", "ends in a way"),
        ("con", "device"),
        ("nul.json", "device"),
        ("com1", "device"),
        ("lpt9.a.b", "device"),
        ("some-one", "too much like 'some.one'"),
        ("some_one", "too much like 'some.one'"),
    ],
)
def test_names_that_no_submission_has(name, problem):
    assert problem in (name_problem(name, ["some.one"]) or "")


@pytest.mark.parametrize("name", ["me", "me-", "a.b", "a..b", "me.", "me.lock", "a@{b", "-", "é"])
def test_a_good_name_is_one_of_a_branch(name):
    """Git itself is asked."""
    done = subprocess.run(["git", "check-ref-format", "--branch", f"results-{name}"], check=False)
    assert done.returncode == 0 or name_problem(name, []) is not None


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("2/me/dirac/bare+r1.json", None),
        (f"2/me/draws/{'a' * 40}.json", None),
        (f"2/me/draws/{'0' * 64}.json", None),
        (f"2/me/draws/{'a' * 41}.json", "neither"),
        (f"2/me/draws/{'A' * 40}.json", "neither"),
        ("2/me/draws/bare.json", "neither"),
        ("2/me/.gitattributes", "neither"),
        (".gitattributes", "neither"),
        ("2/me/dirac/run.sh", "neither"),
        ("2/me/dirac/bare.search.json", "neither"),
        ("2/me/dirac/more/bare.json", "neither"),
        ("2/ME/dirac/bare.json", "neither"),
        ("x/me/dirac/bare.json", "neither"),
        ("2/me/dirac/nothing.json", "not the name of a cell"),
        ("2/me/nowhere/bare.json", "unknown task"),
    ],
)
def test_files_among_checks(path, problem):
    found = check_problem(tuple(path.split("/")))
    assert found is None if problem is None else problem in (found or "")


def test_a_name_that_is_there_may_be_used_again():
    """Even beside another one that is like it: both were there before."""
    assert name_problem("some.one", ["some.one", "some-one"]) is None


def test_paths_are_folded_as_other_file_systems_do():
    assert folded("Ring8/BARE.json") == folded("ring8/bare.json")
    assert folded("cafe\u0301") == folded("CAF\u00c9")
    assert folded("ring8/bare.json") != folded("ring8/bare+r1.json")


def test_bytes_that_are_no_text():
    assert text_problem(b"results/2/me/\xff.json") == "a name that is no UTF-8 text"
    assert text_problem(b"results/2/me/dirac/bare.json") is None
