"""Plug-ins of other packages that cannot be used: named, left out, and in nobody's way."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from bench.contribute import scaffold
from bench.experiment import plugins, registry
from tests.support.fakes import bench

TRICK = (scaffold.TEMPLATES / "strategy.py.j2").read_text().replace("{{ home }}", "gan")
GOOD = TRICK.replace("{{ name }}", "good_trick")
Offer = Callable[..., None]


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offer]:
    """Offers a module with some text, under a name, beside one that is as it should be."""
    offers = [EntryPoint("good_trick", "their_good_trick", "crossover.strategies")]
    (tmp_path / "their_good_trick.py").write_text(GOOD)

    def forget() -> None:
        for name in [name for name in sys.modules if name.startswith("their_")]:
            del sys.modules[name]
        registry.strategies.cache_clear()
        registry.tasks.cache_clear()
        plugins.left_out.clear()

    def add(name: str, text: str, kind: str = "strategies", module: str = "their_bad") -> None:
        (tmp_path / f"{module}.py").write_text(text)
        offers.append(EntryPoint(name, module, f"crossover.{kind}"))
        forget()

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(
        plugins, "entry_points", lambda *, group: [each for each in offers if each.group == group]
    )
    forget()
    yield add
    monkeypatch.undo()
    forget()


DECLARED = """
from bench.learner.strategy import Strategy
HOME, SOURCE, NEUTRAL = 'gan', 'a test', {'x': 0.0}
def bad(*, x=1.0):
    'What it does.'
    return Strategy(name='bad')
"""

BAD = {
    "exits": ("bad", "import sys\nsys.exit()\n", "SystemExit"),
    "exits as well as it can": ("bad", "raise SystemExit(0)\n", "SystemExit"),
    "raises": ("bad", "1 / 0\n", "ZeroDivisionError"),
    "raises what is no Exception": ("bad", "raise GeneratorExit\n", "GeneratorExit"),
    "raises lines": ("bad", "raise ValueError('one\\ntwo')\n", "ValueError: one two"),
    "lacks a module": ("bad", "import no_such_module\n", "No module named 'no_such_module'"),
    "is no Python": ("bad", "def bad(:\n", "SyntaxError"),
    "is older": ("bad", "from bench.learner.strategy import NoSuchThing\n", "NoSuchThing"),
    "recurses": ("bad", "def f(): f()\nf()\n", "RecursionError"),
    "is empty": ("bad", "", "no function `bad`"),
    "has no docstring": ("bad", "HOME, SOURCE = 'gan', 'x'\ndef bad(): pass\n", "docstring"),
    "has no source": ("bad", "HOME = 'gan'\ndef bad():\n    'Doc.'\n", "SOURCE"),
    "searches a number": ("bad", DECLARED + "SEARCH = 5\n", "SEARCH of"),
    "searches a list": ("bad", DECLARED + "SEARCH = ['x']\n", "SEARCH of"),
    "searches nothing": ("bad", DECLARED + "SEARCH = {'x': ()}\n", "SEARCH of"),
    "searches what is not there": ("bad", DECLARED + "SEARCH = {'y': (1.0,)}\n", "SEARCH of"),
    "has a list of defaults": ("bad", DECLARED + "DEFAULTS = [1]\n", "not declared as it should"),
    "has defaults of nothing": (
        "bad",
        DECLARED + "DEFAULTS = {'gan': {'y': 1.0}}\n",
        "DEFAULTS of 'gan' are no settings",
    ),
    "needs a setting": ("bad", DECLARED.replace("x=1.0", "x"), "each with a default"),
    "takes settings by place": ("bad", DECLARED.replace("*, ", ""), "takes settings by name"),
    "is a class": ("bad", DECLARED + "bad = dict\n", "not declared as it should"),
    "makes a number": ("bad", DECLARED.replace("Strategy(name='bad')", "5"), "returns no Strategy"),
    "cannot be made": ("bad", DECLARED.replace("Strategy(name='bad')", "1 / 0"), "ZeroDivisionErr"),
    "has an odd home": ("bad", DECLARED.replace("'gan'", "['gan']"), "HOME"),
    "a strategy of ours": ("r1", TRICK.replace("{{ name }}", "r1"), "is taken"),
    "a kit": ("td3", TRICK.replace("{{ name }}", "td3"), "the name of a kit"),
    "a base": ("bare", TRICK.replace("{{ name }}", "bare"), "the name of a kit, a base"),
    "a word": ("all", TRICK.replace("{{ name }}", "all"), "a grid's word"),
    "two names": ("a+b", TRICK.replace("{{ name }}", "a"), "is no name"),
    "a path": ("my/trick", TRICK.replace("{{ name }}", "a"), "is no name"),
    "upper case": ("MyTrick", TRICK.replace("{{ name }}", "a"), "is no name"),
    "another alphabet": ("трюк", TRICK.replace("{{ name }}", "a"), "is no name"),
    "a name that is offered twice": ("good_trick", GOOD, "offer the same name"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_plug_in_is_named_and_left_out(
    case: str, offer: Offer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """By every command that needs strategies; those go on with all others."""
    name, text, why = BAD[case]
    offer(name, text)
    twice = name == "good_trick"
    for command in (
        ["list", "strategies"],
        ["run", "--tasks", "dirac", "--strategies", "r1", "--base", "bare", "--dry-run"],
        ["tune", "--tasks", "dirac", "--strategies", "r1", "--base", "bare", "--budget", "2"],
    ):
        plugins.left_out.clear()
        registry.strategies.cache_clear()
        more = ["--dry-run", "--results", str(tmp_path)] if command[0] == "tune" else []
        assert bench(*command, *more) == 0
        said = capsys.readouterr()
        assert len(said.out.splitlines()) > 1
        lines = said.err.splitlines()
        assert len(lines) == 1, said.err
        assert lines[0].startswith(f"warning: the plug-in {name!r} (of crossover.strategies) is ")
        assert why in lines[0]
        if command[0] == "list":
            assert ("good_trick" in said.out) == (not twice)


@pytest.mark.parametrize("case", ["exits", "lacks a module", "is empty"])
def test_who_asks_for_a_bad_plug_in_is_told_why(
    case: str, offer: Offer, capsys: pytest.CaptureFixture[str]
) -> None:
    name, text, why = BAD[case]
    offer(name, text)
    for command in (
        ["run", "--tasks", "dirac", "--strategies", name, "--dry-run"],
        ["run", "--tasks", "dirac", "--strategies", f"r1+{name}", "--dry-run"],
        ["check", name],
        ["show", f"dirac/bare+{name}"],
    ):
        assert bench(*command) == 2
        *_, last = capsys.readouterr().err.splitlines()
        assert last.startswith(f"error: the plug-in {name!r} cannot be used: ")
        assert why in last


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("bad", "import sys\nsys.exit()\n", "SystemExit"),
        ("bad", "task = 1\n", "no `task` whose name is 'bad'"),
        ("bad", "class Half:\n    name = 'bad'\ntask = Half()\n", "no `task` whose name is 'bad'"),
        ("dirac", "", "is taken"),
        ("core", "", "a grid's word"),
    ],
)
def test_a_bad_task_is_left_out_too(
    name: str, text: str, why: str, offer: Offer, capsys: pytest.CaptureFixture[str]
) -> None:
    offer(name, text, kind="tasks")
    assert bench("list", "tasks") == 0
    said = capsys.readouterr()
    assert "dirac" in said.out
    assert f"the plug-in {name!r} (of crossover.tasks) is left out" in said.err
    assert why in said.err
    if name == "bad":
        assert bench("run", "--tasks", "bad", "--dry-run") == 2
        assert "the plug-in 'bad' cannot be used" in capsys.readouterr().err


def test_the_value_of_an_entry_point_is_a_module(
    offer: Offer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Others name an attribute too, after a colon."""
    offer("bad", DECLARED, module="their_bad")
    found = [EntryPoint("bad", "their_bad:bad", "crossover.strategies")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugins, "entry_points", lambda *, group: found[: group.endswith("gies")])
        registry.strategies.cache_clear()
        assert bench("list", "strategies") == 0
    said = capsys.readouterr()
    assert "write the module alone, 'their_bad'" in said.err


def test_what_a_plug_in_prints_is_not_in_what_programs_read(
    offer: Offer, capsys: pytest.CaptureFixture[str]
) -> None:
    offer("bad", f"print('hello')\n{DECLARED}")
    assert bench("list", "strategies", "--json") == 0
    said = capsys.readouterr()
    assert {"bad", "r1"} <= {row["name"] for row in json.loads(said.out)}
    assert said.err == "hello\n"


def test_doctor_names_plug_ins(offer: Offer) -> None:
    from bench.engine import preflight

    offer("bad", "1 / 0\n")
    found = {finding.text: finding.state for finding in preflight._plugins()}
    assert found["good_trick (their_good_trick)"] == "ok"
    (bad,) = [text for text in found if text.startswith("bad is left out")]
    assert found[bad] == "note"


def test_a_plug_in_that_can_be_used_is_used(
    offer: Offer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("list", "strategies") == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "good_trick" in said.out
    assert bench("run", "--tasks", "dirac", "--strategies", "good_trick", "--dry-run") == 0
