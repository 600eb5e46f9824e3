"""Pages for people: what they link to, name and tell to run exists; README's example works."""

import html
import importlib.util
import pkgutil
import re
import shlex
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
import typer

from bench import strategies
from bench.cli.app import USAGE_ERROR, app
from bench.experiment import registry
from bench.experiment.grid import grid_names
from bench.experiment.kits import KITS
from bench.functional import rng
from bench.learner.learner import Learner
from bench.learner.strategy import combine

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *("README.md", "CONTRIBUTING.md", "bench/README.md", "bench/engine/README.md"),
    *("strategies/README.md", "tasks/README.md", "results/README.md", "results/FINDINGS.md"),
    *("tests/benchmarks/README.md", ".github/CHANGELOG.md"),
]
TOP = "bench|strategies|tasks|results|scripts|tests|report|\\.github"
EXAMPLES = ("drift_penalty.py", "mountain_car.py", "ring8_two_scales.py")
MADE_BY_RUNS = ("report/", "results/logs", "results/actors", "results/2/local")
PLACEHOLDER = re.compile(r"[<*]|(?<![A-Za-z])[A-Z]{2,}(?![A-Za-z]|\.md)")
COMMANDS: Any = typer.main.get_command(app)


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def known() -> dict[str, set[str]]:
    """The names that options of `run` and `tune` can have in these pages."""
    tasks = {*registry.tasks(), "mountain_car", "ring8_two_scales", "all", "core"}
    strategies = {*registry.strategies(), *KITS, "drift_penalty", "NAME", "all", "ablations"}
    return {"--tasks": tasks, "--strategies": strategies, "--grid": {*grid_names()}}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text(page), re.DOTALL | re.MULTILINE)


def prose(page: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text(page), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """GitHub's ids of a page's headings."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (ROOT / page).parent / path if path else ROOT / page
        assert there.exists(), f"{page} links to {target}"
        assert not anchor or anchor in anchors(there), f"{page} links to {target}"


@pytest.mark.parametrize("page", PAGES)
def test_paths_exist(page: str) -> None:
    named = re.findall(rf"`((?:\.\./)*(?:{TOP})/[^`\s]*)`", prose(page))
    named += re.findall(rf"\[`?((?:{TOP})/[^`\]\s]*)`?\]\(", prose(page))
    named += re.findall(rf"(?<![\w/$.])((?:{TOP})/[\w./<>-]+)", "\n".join(blocks(page, "bash")))
    for name in named:
        path = name.removesuffix(":")
        if PLACEHOLDER.search(path) or path.startswith(MADE_BY_RUNS) or path.endswith(EXAMPLES):
            continue
        near, far = (ROOT / page).parent / path, ROOT / path
        assert near.exists() or far.exists(), f"{page} names {name}"


def commands(page: str) -> Iterator[tuple[str, bool]]:
    """Each command line that a page gives, and whether it is whole."""
    for block in blocks(page, "bash"):
        for line in block.replace("\\\n", " ").splitlines():
            yield line, True
    for line in re.findall(r"`([^`]+)`", prose(page).replace("\n", " ")):
        yield line, False


def arguments(line: str) -> list[str] | None:
    """What `bench` is given in a command line, or None if it is not called."""
    words = shlex.split(re.sub(r"\$\([^)]*\)|#!.*", "x", line), comments=True)
    if words[:1] == ["scripts/run.sh"]:
        return ["run", *words[1:]]
    if words[:1] and words[0] in COMMANDS.commands and any(w[:2] == "--" for w in words):
        return words  # as in: `run --settings tuned`
    for first, second, place in zip(words, words[1:], range(len(words)), strict=False):
        if (first, second) == ("-m", "bench"):
            return words[place + 2 :]
    return None


def parse(given: list[str]) -> str | None:
    """What the command line has against these arguments, before it would run anything."""
    command, name = COMMANDS, "bench"
    while hasattr(command, "commands") and given:
        name, given = given[0], given[1:]
        if name not in command.commands:
            return f"there is no command {name}"
        command = command.commands[name]
    try:
        command.make_context(name, list(given))
    except USAGE_ERROR as error:
        return str(error.format_message())
    return None


def test_commands_parse() -> None:
    seen, names = set(), known()
    for page in PAGES:
        for line, whole in commands(page):
            given = arguments(line)
            if given is None or given[-1:] == ["--help"]:
                continue
            problem = parse(given)
            if problem is not None and (whole or "Missing" not in problem):
                pytest.fail(f"{page}: {line}: {problem}")
            seen |= set(given[:1])
            for option, value in pairwise(given):
                values = {name.partition("@")[0] for name in re.split("[,+*]", value)}
                unknown = values - names.get(option, values)
                assert not unknown, f"{page}: {line}: there is no {unknown}"
    assert seen >= {"run", "tune", "status", "report", "show", "validate", "fetch", "doctor"}
    assert seen >= {"list", "new", "check", "compare"}


@pytest.mark.parametrize("given", [["rum"], ["run", "--seedz", "3"], ["run", "--seeds", "many"]])
def test_commands_that_do_not_exist_are_found(given: list[str]) -> None:
    assert parse(given)


@pytest.mark.parametrize("page", PAGES)
def test_modules_that_are_run_exist(page: str) -> None:
    for name in re.findall(r"python3? -m ((?:bench|tests)[\w.]*)", text(page)):
        assert importlib.util.find_spec(name) is not None, f"{page} runs {name}"


@pytest.mark.parametrize("page", PAGES)
def test_names_of_code_exist(page: str) -> None:
    for dotted in set(re.findall(r"`(bench(?:\.\w+)+)", prose(page))):
        assert pkgutil.resolve_name(dotted) is not None, f"{page} names {dotted}"


def test_the_first_screen_has_the_answer_of_the_leaderboard() -> None:
    """In the same words: the committed records say it, and nobody by hand."""
    part = text("LEADERBOARD.md").partition("## The answer")[2].partition("\n## ")[0]
    sentences = re.findall(r"^(\d\. .*) `python[^`]*`$", part, re.MULTILINE)
    assert len(sentences) == 5
    *_, last = re.findall(r"^\d\. .* `(python[^`]*)`$", part, re.MULTILINE)
    assert f"{last}\n" in blocks("README.md", "bash")
    plain = [re.sub(r"\\([\\`*_\[\]|~])", r"\1", html.unescape(line)) for line in sentences]
    assert [line for line in text("README.md").splitlines() if re.match(r"\d\. .*\.$", line)][
        :5
    ] == plain


def test_the_readme_is_one_screen() -> None:
    assert len(text("README.md").splitlines()) <= 140


def test_the_readme_counts_right() -> None:
    found = re.search(
        r"(\d+) strategies and (\d+) controls on (\d+) tasks", " ".join(text("README.md").split())
    )
    assert found
    controls = [e for e in registry.strategies().values() if e.home == "control"]
    others = len(registry.strategies()) - len(controls)
    assert [int(n) for n in found.groups()] == [others, len(controls), len(registry.tasks())]


def test_the_readmes_strategy_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = blocks("README.md", "python")
    found = re.search(r"^def (\w+)", code, re.MULTILINE)
    assert found
    name = found[1]
    assert f"`strategies/{name}.py`" in text("README.md")
    (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.setattr(strategies, "__path__", [str(tmp_path), *strategies.__path__])
    registry.strategies.cache_clear()
    try:
        key, task = rng.seed_key(0), registry.task("dirac")
        entry = registry.strategy(name)
        losses = []
        for settings in (entry.module.NEUTRAL, {}, {"weight": 3.0}):
            learner = Learner(task, combine([entry.build(task, settings)]))
            state, info = learner.update(learner.init(key), task.blank(0), key)
            assert int(state.players.step) == 1
            reported = [*info.losses.values(), *info.grad_norms.values()]
            assert torch.isfinite(torch.stack(reported)).all()
            losses.append(float(info.losses["critic"]))
        assert losses[0] < losses[1] < losses[2]
    finally:
        monkeypatch.undo()
        sys.modules.pop(f"bench.strategies.{name}", None)
        vars(strategies).pop(name, None)
        registry.strategies.cache_clear()
