"""What is read from source code without running it is what importing it gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli import listing
from bench.experiment import declarations, registry
from bench.experiment.kits import KITS


@pytest.mark.parametrize(
    ("package", "imported"),
    [("tasks", listing.imported_tasks), ("strategies", listing.imported_strategies)],
)
def test_every_declaration_is_read_as_it_is(package: str, imported) -> None:
    modules, expected = declarations.module_names(package), imported()
    assert modules.keys() == expected.keys()
    for name, module in modules.items():
        if package == "strategies":
            assert declarations.strategy(name, module) == expected[name]
            continue
        found, whole = declarations.task(module, listing.TASK), expected[name]
        for made, metric in zip(found.pop("metrics"), whole.pop("metrics"), strict=True):
            assert (made.name, made.better) == (metric.name, metric.better)
        made, failure = found.pop("failure"), whole.pop("failure")
        assert (made is None) == (failure is None)
        assert made is None or (made.kind, made.metric) == (failure.kind, failure.metric)
        assert found == whole


def test_budgets_are_counted_as_tasks_count_steps() -> None:
    budgets = {row["name"]: row["budget"] for row in listing.tasks()}
    for name, task in registry.tasks().items():
        assert budgets[name] == f"{task.steps(task.updates)} {task.step_unit}s"
    assert budgets["reacher_many"] == "4000 environment steps"


@pytest.mark.parametrize(
    "arguments", ["--help", "list tasks", "list strategies", "list grids", "list kits", "status"]
)
def test_commands_that_only_look_do_not_import_torch(arguments: str, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom bench.cli.app import main\n"
        f"try:\n    main({arguments.split()!r})\n"
        "except SystemExit:\n    pass\n"
        "assert 'torch' not in sys.modules and 'ray' not in sys.modules, 'imports too much'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_cannot_be_read_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a plug-in whose task is made by a function."""

    def unreadable(name: str, module: str) -> None:
        raise LookupError

    monkeypatch.setattr(declarations, "strategy", unreadable)
    rows = {row["name"]: row for row in listing.strategies()}
    assert rows["r1"]["settings"] == {"gamma": 1.0}


def test_kits_are_listed_with_settings_of_their_own() -> None:
    rows = {row["name"]: row for row in listing.kits()}
    assert rows.keys() == KITS.keys()
    assert rows["sngan"]["strategies"] == list(KITS["sngan"])
    assert rows["sngan"]["settings"] == {"low_beta1": {"beta1": 0.0}}
    assert listing.as_text(rows["sngan"]["settings"]) == "low_beta1 (beta1=0.0)"
    assert listing.as_text(rows["td3"]["settings"]) == ""
