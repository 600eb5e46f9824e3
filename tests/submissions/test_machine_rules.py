"""What a record says of its making must be such that somebody can have it."""

from __future__ import annotations

import pytest

from bench.experiment import registry
from bench.records import store
from bench.records.paths import record_path, submission_folder
from bench.submissions import known_commits, machine_rules
from tests.submissions.test_validate import edit
from tests.support.factories import make_record
from tests.support.git import Git

REAL = [
    {"cpu": "Intel(R) Xeon(R) CPU @ 2.20GHz"},
    {"cpu": "VIA Nano L2200@1600MHz"},
    {"cpu": "13th Gen Intel(R) Core(TM) i9-13900K", "capability": "AVX512"},
    {"compiler": "g++ (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0"},
    {"compiler": "Apple clang version 15.0.0 (clang-1500.3.9.4)"},
    {"device": "cuda:0: NVIDIA H100 80GB HBM3", "threads": 1024},
    {"suite": "unknown"},
    {"suite": "0.0.1"},
    {"versions": {"python": "3.14.0rc1+", "torch": "2.11.0+cu128", "numpy": "2.4.0.dev0"}},
]
FALSE = [
    ({"versions": {"python": "2.0"}}, "python 2.0 is older than 3.11"),
    ({"versions": {"torch": "2.10.9"}}, "torch 2.10.9 is older than 2.11"),
    ({"versions": {"numpy": "banana"}}, "'banana' is no version of numpy"),
    ({"versions": {"numpy": "1.0 www.x.y"}}, "numpy holds an address or calls somebody"),
    ({"suite": "99.0"}, "suite 99.0 is later than the present one"),
    ({"suite": "the best"}, "'the best' is no version of the suite"),
    ({"threads": 4096}, "4096 threads, more than 1024"),
    ({"environment": "CartPole-v1 (gymnasium 1.1)"}, "the environment is CartPole-v1"),
    ({"cpu": "Fast CPU, see https://x.y"}, "cpu holds an address"),
    ({"compiler": "g++ by @somebody"}, "compiler holds an address or calls somebody"),
    ({"device": "cpu WWW.x.y"}, "device holds an address"),
]


def changed(raw: dict, change: dict) -> None:
    versions = raw["provenance"]["versions"] | change.get("versions", {})
    raw["provenance"] |= {**change, "versions": versions}


def problems_of(found):
    record = found.record
    return machine_rules.problems(found.path, registry.task(record.task), record.provenance)


def provenance_problems(folder, change):
    path = folder / "dirac" / "bare.json"
    edit(path, lambda raw: changed(raw, change))
    (found,) = store.walk(path)
    return [problem.text for problem in problems_of(found)]


@pytest.mark.parametrize("change", REAL)
def test_what_machines_say(folder, change):
    assert provenance_problems(folder, change) == []


@pytest.mark.parametrize(("change", "text"), FALSE)
def test_what_nobody_can_have(folder, change, text):
    assert text in "\n".join(provenance_problems(folder, change))


@pytest.mark.parametrize(
    ("stated", "version", "problem"),
    [
        ("Pendulum-v1 (envpool 1.1)", None, None),
        ("Pendulum-v1 (envpool 1.1)", "1.1", None),
        ("Pendulum-v1 (envpool 1.1)", "1.2", "but envpool is 1.2"),
        ("Pendulum-v1 (envpool x)", None, "not Pendulum-v1 (envpool VERSION)"),
        ("Pendulum-v1 (envpool)", None, "not Pendulum-v1 (envpool VERSION)"),
        ("Pendulum-v1 (gymnasium 1.1)", None, "not Pendulum-v1 (envpool VERSION)"),
        (None, None, "the environment is None"),
    ],
)
def test_the_environment_is_the_tasks(tmp_path, stated, version, problem):
    record = make_record(task="pendulum", base="bare", strategy=None, domain="rl")
    path = record_path(submission_folder(tmp_path, "me"), record.origin)
    store.write(path, record)
    versions = {} if version is None else {"envpool": version}
    edit(path, lambda raw: changed(raw, {"environment": stated, "versions": versions}))
    (found,) = store.walk(path)
    texts = [one.text for one in problems_of(found) if "environment" in one.text]
    assert len(texts) == (problem is not None)
    assert problem is None or problem in texts[0]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with a commit of main, and one of a branch that is on top of it."""
    git = Git(tmp_path / "checkout")
    for name in ("main", "branch"):
        git.write("file", name)
        git.commit(name)
        git.run("switch", "-q", "-c", f"after-{name}")
    monkeypatch.setattr("bench.records.provenance.package_root", lambda: git.root)
    known_commits.trunk.cache_clear()
    yield git
    known_commits.trunk.cache_clear()


@pytest.mark.parametrize(
    ("refs", "name", "own"),
    [
        ({}, "main", False),
        ({"remotes/origin/main": "HEAD~1"}, "origin/main", False),
        ({"remotes/origin/main": "HEAD"}, "origin/main", True),
        (
            {"remotes/origin/main": "HEAD", "remotes/upstream/main": "HEAD~1"},
            "upstream/main",
            False,
        ),
        ({"heads/main": ""}, "HEAD", True),
    ],
)
def test_a_branchs_own_commits_are_not_mains(checkout, refs, name, own):
    """`own`: whether the branch's commit passes."""
    checkout.run("update-ref", "refs/heads/main", "HEAD~1")
    for ref, commit in refs.items():
        where = ("-d", f"refs/{ref}") if not commit else (f"refs/{ref}", commit)
        checkout.run("update-ref", *where)
    last, before = (checkout.run("rev-parse", ref).strip() for ref in ("HEAD", "HEAD~1"))
    assert known_commits.trunk()[0] == name
    assert known_commits.problem(before) is None
    assert (known_commits.problem(last) is None) == own
    where = "" if name == "HEAD" else f" and of {name}"
    unknown = f"its commit {'1' * 12} is not in the history of this checkout{where}"
    assert known_commits.problem("1" * 40) == unknown


def test_the_remedy_of_a_wrong_commit_is_its_own(folder):
    path = folder / "dirac" / "bare.json"
    edit(path, lambda raw: changed(raw, {"commit": "1" * 40, "dirty": True}))
    (found,) = store.walk(path)
    (problem,) = problems_of(found)
    assert problem.remedy.startswith("run the cells again from a clean checkout of main")
