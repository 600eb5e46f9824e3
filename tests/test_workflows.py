"""What every workflow in .github keeps to."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.workflows import FOLDER, ROOT, WORKFLOWS, events, jobs, script, steps

PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
PROGRAMS = Path(sys.executable).parent


def test_all_are_here():
    assert {*WORKFLOWS} == {"release.yml", "results.yml", "submissions.yml", "tests.yml"}


def test_the_token_can_only_read_unless_a_job_says_more():
    for file, workflow in WORKFLOWS.items():
        assert workflow["permissions"] == {"contents": "read"}, file
    more = {where: job["permissions"] for where, job in jobs() if "permissions" in job}
    assert more == {
        "release.yml: publish": {"id-token": "write"},
        "results.yml: keep": {"contents": "write", "pull-requests": "write"},
    }


def test_actions_are_named_by_commit_and_version():
    for path in sorted(FOLDER.glob("*.yml")):
        for line in path.read_text().splitlines():
            if re.match(r"\s*(- )?uses:", line):
                assert PINNED.fullmatch(line.strip().removeprefix("- ")), f"{path.name}: {line}"
    used = {step["uses"] for _, step in steps() if "uses" in step}
    assert len({each.partition("@")[0] for each in used}) == len(used), "one commit of each action"


def test_every_job_ends():
    for where, job in jobs():
        assert 0 < job["timeout-minutes"] <= 360, where


def test_nothing_of_an_event_stands_in_a_script():
    for where, step in steps():
        assert "${{" not in step.get("run", ""), f"{where}: pass it by env"


def test_no_credentials_are_left_in_a_checkout():
    for where, step in steps():
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, where


def test_no_workflow_of_a_stranger_has_more_than_a_pull_request():
    for file in WORKFLOWS:
        assert not {"pull_request_target", "workflow_run", "issue_comment"} & {*events(file)}, file
    text = "".join(path.read_text() for path in FOLDER.glob("*.yml"))
    assert not re.search(r"\$\{\{[^}]*\bsecrets\b|\bsecrets:", text), "there are none to be had"


def test_the_required_check_runs_on_every_pull_request():
    assert events("submissions.yml") == {"pull_request": None, "merge_group": None}
    job = WORKFLOWS["submissions.yml"]["jobs"]["validate"]
    assert job["if"] == "github.event_name == 'pull_request'"
    conditions = {step["if"] for step in job["steps"] if "if" in step}
    assert conditions == {"steps.results.outputs.touched != 'no'"}, "what is not known is checked"


def test_the_pull_request_is_never_checked_out():
    for step in WORKFLOWS["submissions.yml"]["jobs"]["validate"]["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["ref"] == "${{ github.event.pull_request.base.ref }}"
        assert not re.search(r"git (checkout|switch|restore|archive|worktree)", step.get("run", ""))


def test_what_the_validator_prints_are_no_commands():
    for file, job, name in (
        ("submissions.yml", "validate", "Validate"),
        ("results.yml", "validate", "Validate"),
        ("results.yml", "spot", "Run cells again"),
    ):
        text = script(file, job, name)
        inside = text[text.index("::stop-commands::$token") : text.index('echo "::$token::"')]
        assert text.count("-m bench ") == inside.count("-m bench ") == 1


def test_only_what_has_a_known_hash_is_installed_to_check_results():
    for file in ("submissions.yml", "results.yml"):
        text = (FOLDER / file).read_text()
        for command in re.findall(r"pip install((?:.*\\\n)*.*(?:\n +--requirement.*)?)", text):
            hashed = "--require-hashes" in command and "requirements-check.txt" in command
            assert hashed or "--no-index --no-deps" in command
    listed = (ROOT / ".github" / "requirements-check.txt").read_text()
    entries = [block for block in re.split(r"\n(?=\S)", listed) if not block.startswith("#")]
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", entry), entry[:80]
    assert "://" not in listed


def test_results_are_checked_beside_the_whole_history():
    """The validator asks for the commits that records name only where the history is there."""
    for file, job in (("submissions.yml", "validate"), ("results.yml", "validate")):
        assert WORKFLOWS[file]["jobs"][job]["steps"][0]["with"]["fetch-depth"] == 0


def test_what_is_installed_to_check_results_is_what_the_project_depends_on():
    with (ROOT / "pyproject.toml").open("rb") as file:
        needed = tomllib.load(file)["project"]["dependencies"]
    listed = (ROOT / ".github" / "requirements-check.txt").read_text()
    versions = dict(re.findall(r"^(\S+)==(\S+)", listed, re.MULTILINE))
    for requirement in map(Requirement, needed):
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement}: make the list anew"


def test_zizmor_finds_nothing():
    done = subprocess.run(
        [
            PROGRAMS / "zizmor",
            "--offline",
            "--no-online-audits",
            "--persona",
            "pedantic",
            ROOT / ".github",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    for name in WORKFLOWS:
        assert f"completed {ROOT / '.github' / 'workflows' / name}" in done.stderr


@pytest.mark.skipif(not (PROGRAMS / "actionlint").exists(), reason="not installed")
def test_actionlint_finds_nothing():
    done = subprocess.run(
        [PROGRAMS / "actionlint", *FOLDER.glob("*.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_who_reviews_and_what_is_kept_up_to_date():
    owned = (ROOT / ".github" / "CODEOWNERS").read_text()
    rules = dict(line.split(maxsplit=1) for line in owned.splitlines() if line.startswith("/"))
    for path in ("/.github/", "/results/", "/bench/submissions/"):
        assert rules[path].startswith("@")
        assert (ROOT / path.strip("/")).is_dir()
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    assert {each["package-ecosystem"] for each in updates} == {"github-actions", "pip"}
    assert {each["schedule"]["interval"] for each in updates} == {"monthly"}
