"""Merge commits of hostile pull requests, one planted fault after another."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.support.git import Git
from tests.support.merges import HOME, RECORD, anew, check, copied, edit, lines, sign


def to_submodule(git: Git) -> None:
    git.run("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{HOME}/dirac/sub.json")
    git.commit("a submodule", everything=False)
    git.run("reset", "-q", "--hard")


def to_bytes(git: Git) -> None:
    oid = git.run("hash-object", "-w", "bench/code.py").strip()
    index = f"100644 {oid}\t".encode() + HOME.encode() + b"/dirac/bare\xff.json\0"
    git.run("update-index", "-z", "--index-info", given=index)
    git.commit("no UTF-8", everything=False)
    git.run("reset", "-q", "--hard")


def cut(raw: dict) -> None:
    raw["seeds"], raw["planned_seeds"], raw["seconds_seeds"] = raw["seeds"][:1], [0], 1


def rescored(raw: dict) -> None:
    raw["seeds"][2]["curve"][0]["metrics"]["distance"] = 0.5


def reseed(raw: dict) -> None:
    """Another try: other numbers, and one seed more."""
    rescored(raw)
    raw["seeds"].append(raw["seeds"][1] | {"seed": 3})
    raw["planned_seeds"].append(3)


def linked_home(git: Git) -> None:
    shutil.rmtree(git.root / HOME)
    (git.root / HOME).symlink_to("other")


def linked_results(git: Git) -> None:
    shutil.rmtree(git.root / "results")
    (git.root / "results").symlink_to("bench")


def move(git: Git) -> None:
    (git.root / RECORD).rename(git.root / HOME / "dirac" / "bare+r2.json")


def with_attributes(place: str, rule: str) -> Callable[[Git], None]:
    def change(git: Git) -> None:
        edit(git, cut)
        git.write(f"{place}.gitattributes", f"* {rule}\n*.json {rule}\n")

    return change


def link(git: Git) -> None:
    (git.root / RECORD).unlink()
    (git.root / RECORD).symlink_to("bare.json")


HOSTILE: dict[str, tuple[Callable[[Git], object], str]] = {
    "attributes at the top": (
        with_attributes("", "export-ignore"),
        ".gitattributes: is in no submission",
    ),
    "attributes in results": (
        with_attributes("results/", "export-subst"),
        "results/.gitattributes: not below results/<protocol>/<name>/",
    ),
    "attributes in the submission": (
        with_attributes(f"{HOME}/", "export-ignore"),
        f"{HOME}/.gitattributes: nothing that a submission holds",
    ),
    "attributes of a task": (
        with_attributes(f"{HOME}/dirac/", "filter=lfs diff=lfs -text"),
        f"{HOME}/dirac/.gitattributes: nothing that a submission holds",
    ),
    "a link": (link, f"{RECORD}: a link; a submission holds plain files"),
    "a link in place of a submission": (linked_home, f"{HOME}: not below"),
    "a link in place of all": (linked_results, "results: not the folder results"),
    "executable": (lambda git: (git.root / RECORD).chmod(0o755), f"{RECORD}: executable"),
    "a submodule": (to_submodule, f"{HOME}/dirac/sub.json: another repository"),
    "no UTF-8": (to_bytes, f"{HOME}/dirac/bare\\xff.json: a name that is no UTF-8"),
    "a pickle": (
        lambda git: git.write(f"{HOME}/actors/blob.pkl", b"\x80\x04."),
        f"{HOME}/actors/blob.pkl: nothing that",
    ),
    "a script": (
        lambda git: git.write(f"{HOME}/logs/run.sh", "exit 1"),
        f"{HOME}/logs/run.sh: nothing that",
    ),
    "actors of all": (
        lambda git: git.write("results/actors/2/someone/dirac/bare.npz", b"PK"),
        "results/actors/2/someone/dirac/bare.npz: not below",
    ),
    "a control character": (
        lambda git: git.write(f"{HOME}/dirac/x\n::error::.json", "{}"),
        "cannot be printed",
    ),
    "folders in front": (
        lambda git: copied(git, f"{HOME}/x/1/local/ring8/bare.json"),
        f"{HOME}/x/1/local/ring8/bare.json: nothing that",
    ),
    "the name of another folder": (
        lambda git: anew(git, "local"),
        "results/2/local: 'local' is the name of another folder",
    ),
    "a name like another": (
        lambda git: anew(git, "some_one") and anew(git, "some-one"),
        "a second submission",
    ),
    "a capital name": (lambda git: anew(git, "Someone"), "results/2/Someone: 'Someone' is no name"),
    "another protocol": (lambda git: copied(git, "results/3/me/dirac/bare.json"), "protocol 3"),
    "a file beside submissions": (
        lambda git: git.write("results/2/notes.json", "{}"),
        "results/2/notes.json: not below",
    ),
    "another spelling of results": (
        lambda git: git.write("Results/2/someone/dirac/bare.json", "{}"),
        "Results/2/someone/dirac/bare.json: not the folder results",
    ),
    "a deleted record": (
        lambda git: (git.root / RECORD).unlink(),
        f"{RECORD}: is deleted; records are only added",
    ),
    "a moved record": (move, f"{RECORD}: is deleted; records are only added"),
    "a deleted submission": (
        lambda git: shutil.rmtree(git.root / HOME),
        f"{HOME}/submission.yaml: is deleted",
    ),
    "an edited record": (
        lambda git: edit(git, rescored),
        f"{RECORD}: another record of the cell with the same code is merged already",
    ),
    "a record cut to one seed": (lambda git: edit(git, cut), f"{RECORD}: another record"),
    "another try with a seed more": (lambda git: edit(git, reseed), f"{RECORD}: another record"),
    "a record of nothing": (lambda git: git.write(RECORD, "{}"), f"{RECORD}: "),
    "code and results": (
        lambda git: anew(git) and git.write("bench/code.py", "2\n"),
        "bench/code.py: is in no submission; send it in another pull request",
    ),
    "the maintainers' list and results": (
        lambda git: anew(git) and git.write("results/standing.yaml", "maintained: [2/newcomer]\n"),
        "results/standing.yaml: is in no submission",
    ),
    "two submissions": (
        lambda git: anew(git) and anew(git, "newer"),
        "results/2/newer: a second submission",
    ),
    "another's submission": (
        lambda git: copied(git, "results/2/other/dirac/bare+r2.json"),
        "results/2/other/submission.yaml: the submission is that of other",
    ),
    "a submission given away": (
        lambda git: sign(git, "results/2/other", "someone"),
        "results/2/other/submission.yaml: the submission is merged as that of other",
    ),
    "no owner": (
        lambda git: (git.root / anew(git) / "submission.yaml").unlink(),
        "results/2/newcomer/submission.yaml: is missing",
    ),
    "an owner of two lines": (
        lambda git: git.write(f"{HOME}/submission.yaml", "by: someone\nby: other\n"),
        f"{HOME}/submission.yaml: line 2: 'by' already stands",
    ),
    "no record at all": (
        lambda git: git.write("results/2/newcomer/submission.yaml", "by: someone\n"),
        "results/2/newcomer: holds no record",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_merges_are_refused(git, what, tmp_path):
    change, message = HOSTILE[what]
    change(git)
    assert message in lines(check(git), tmp_path)
