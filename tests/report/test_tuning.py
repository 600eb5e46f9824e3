"""Tuned settings against the tuned base, published ones against the published base."""

from __future__ import annotations

import math
import re

import pytest

from bench.records.record import Record
from bench.report import findings, tuning
from bench.report.cells import Key
from bench.report.grounds import Grounds
from bench.report.heat_maps import _cell_text
from bench.report.pages import build_report
from bench.report.selection import ShownSearch
from bench.report.tuning import compared, table
from tests.report.test_searches import WHOLE
from tests.support.factories import make_record, normal_scores

TASKS = {"ring8": "gan", "pendulum": "rl"}
LABELS = ("", "~tuned", "huber", "huber~tuned")
BASE, TUNED_BASE, HUBER, TUNED_HUBER = LABELS


def record(
    task: str, label: str, mean: float, base: str = "reference", domain: str = "", play: str = ""
) -> Record:
    """Ten runs around a mean score, of which more is better."""
    strategy, tilde, _ = label.partition("~")
    contrast = "removed" if strategy == "target_network" and task == "pendulum" else "added"
    sign = "-" if contrast == "removed" else "+"
    return make_record(
        task=task,
        domain=domain or TASKS[task],
        base=base,
        contrast=contrast if strategy else None,
        play=play,
        strategy=strategy or None,
        better="higher",
        scores=normal_scores(task + label, mean, 0.01, 10),
        cell="".join(
            [
                base,
                f"{sign}{strategy}" * bool(strategy),
                f"={play}" * bool(play),
                "~tuned" * bool(tilde),
            ]
        ),
        settings_from="tuned" if tilde else "published",
    )


def study(**means: float) -> findings.Study:
    """Means of the base, the tuned base, huber and tuned huber, on every task."""
    names = dict(zip(("base", "tuned_base", "huber", "tuned_huber"), LABELS, strict=True))
    return findings.study([record(t, names[n], mean) for t in TASKS for n, mean in means.items()])


def test_each_is_compared_with_the_base_of_its_own_settings() -> None:
    """Tuning gains huber much and the base more: what was better is worse."""
    found = study(base=1.0, tuned_base=3.0, huber=1.5, tuned_huber=2.5)
    effects = found.tasks[0].effects["final"]
    assert effects[Key("reference", "", HUBER)].value > 0.9
    assert effects[Key("reference", "", TUNED_HUBER)].value < 0.1
    assert effects[Key("reference", "", TUNED_BASE)].value > 0.9  # against the published base


def test_without_a_tuned_base_a_tuned_cell_is_compared_with_nothing() -> None:
    found = study(base=1.0, huber=1.5, tuned_huber=2.5)
    assert Key("reference", "", TUNED_HUBER) not in found.tasks[0].effects["final"]
    assert Key("reference", "", HUBER) in found.tasks[0].effects["final"]


def test_a_base_that_has_nothing_to_tune_is_its_own_tuned_base() -> None:
    made = [record(t, label, mean, "bare") for t in TASKS
            for label, mean in ((BASE, 1.0), (TUNED_HUBER, 2.0))]  # fmt: skip
    effects = findings.study(made).tasks[0].effects["final"]
    assert effects[Key("bare", "", TUNED_HUBER)].value > 0.9


@pytest.mark.parametrize("order", [1, -1])
def test_a_tuned_base_is_never_taken_for_the_published_one(order: int) -> None:
    bases = [record("ring8", BASE, 1.0), record("ring8", TUNED_BASE, 3.0)][::order]
    grounds = Grounds.of([(each, "") for each in bases], bases)
    published = bases[::order][0]
    assert [grounds.base(each) for each in bases] == [published, published]


def test_the_rows_are_the_base_and_every_tuned_strategy_beside_the_published() -> None:
    rows = compared(study(base=1.0, tuned_base=3.0, huber=1.5, tuned_huber=2.5))
    assert [(row.base, row.label) for row in rows] == [("reference", ""), ("reference", "huber")]
    gains, huber = rows
    for domain in ("gan", "rl"):
        assert gains.effect(domain, "published") is None
        assert gains.effect(domain, "tuned").value > 0.9
        assert huber.effect(domain, "published").value > 0.9
        assert huber.effect(domain, "tuned").value < 0.1
    assert gains.changed is None
    frame = table(rows)
    assert frame.tuned_rl_effect[1] == huber.effect("rl", "tuned").value
    assert frame.published_gan_seeds.tolist() == [0, 10]


def test_no_row_without_tuned_records() -> None:
    assert compared(study(base=1.0, huber=1.5)) == []


def test_a_tuned_base_is_no_strategy() -> None:
    """It has no verdict, no page and no row among the strategies."""
    found = study(base=1.0, tuned_base=3.0, huber=1.5, tuned_huber=2.5)
    assert [row.label for row in found.findings["reference"]] == [HUBER, TUNED_HUBER]


def test_what_is_inert_in_a_domain_has_no_tuned_cell_there_and_keeps_its_verdict() -> None:
    """A target network has nothing to tune in a GAN."""
    made = [record(t, label, 1.0) for t in TASKS for label in (BASE, TUNED_BASE)]
    made += [record("pendulum", f"target_network{end}", 0.5) for end in ("", "~tuned")]
    made += [record("ring8", "target_network", 1.0)]
    found = findings.study(made)
    rows = found.findings["reference"]
    assert [row.domains["gan"].state for row in rows] == ["inert", "inert"]
    (ring8,) = (view for view in found.tasks if view.name == "ring8")
    cells = found.rows("reference").values()
    assert [_cell_text(ring8, "reference", row, 1.0) for row in cells] == ["n/a", "n/a"]


def test_a_verdict_that_is_open_has_not_changed(monkeypatch) -> None:
    """Two tasks of a domain with published settings, one of them with tuned ones."""
    more = {"digits": "gan", "pendulum_many": "rl"}
    for module in (findings, tuning):
        names = {"gan": ("ring8", "digits"), "rl": ("pendulum", "pendulum_many")}
        monkeypatch.setattr(module, "counted_tasks", names.get)
    made = [record(t, label, 5.0 if HUBER in label else 1.0) for t in TASKS for label in LABELS]
    for task, domain in more.items():
        made += [record(task, BASE, 1.0, domain=domain), record(task, HUBER, 5.0, domain=domain)]
    _, huber = compared(findings.study(made))
    assert (huber.published.verdict, huber.tuned.verdict) == ("transfers", "undetermined")
    assert huber.changed is None
    assert huber.lacks("gan", "published") == ""
    assert huber.lacks("gan", "tuned") == ", 1 of 2 tasks"


@pytest.mark.parametrize("task", ["lqr_imitation", "ring8"])
def test_a_report_shows_tuned_bases_of_extensions_and_of_other_orders(task, tmp_path) -> None:
    rest = {"play": "simultaneous"} if task == "ring8" else {}
    domain = "gan" if task == "ring8" else "extension"
    made = [record(task, label, 1.0, domain=domain, **rest) for label in LABELS]
    made += [record(t, label, 1.0) for t in TASKS for label in LABELS]
    search = [ShownSearch(WHOLE, "mine")]
    build_report(made, tmp_path, tmp_path / "LEADERBOARD.md", search)
    page = (tmp_path / "tasks" / f"{task}-players.html").read_text()
    assert "huber~tuned" in page
    board = (tmp_path / "LEADERBOARD.md").read_text()
    part = board.partition("## Tuned against published settings")[2]
    assert re.findall(r"^\| (\(the base itself\)|huber) \| reference \|", part, re.MULTILINE)
    assert ">(the base itself)<" in (tmp_path / "tuned.html").read_text()


def test_a_report_of_tuned_records_alone_is_made(tmp_path) -> None:
    """As after a run that was interrupted."""
    made = [record("ring8", label, 1.0) for label in (TUNED_BASE, TUNED_HUBER)]
    assert build_report(made, tmp_path, tmp_path / "LEADERBOARD.md")


def test_tuned_rows_do_not_make_a_base_that_of_the_answer() -> None:
    tuned = [record(t, label, 1.0) for t in TASKS for label in (TUNED_BASE, TUNED_HUBER)]
    plain = [record("ring8", label, 1.0, "bare") for label in (BASE, HUBER)]
    assert findings.study([*tuned, *plain]).bases == ("bare", "reference")


def test_times_that_were_not_taken_are_no_cost() -> None:
    made = [record(t, label, 1.0) for t in TASKS for label in (BASE, HUBER)]
    none = made[0].model_copy(update={"seconds": {"update": 0.0}})
    (row,) = findings.study([none, *made[1:]]).findings["reference"]
    assert math.isnan(row.domains["gan"].cost)
    assert row.domains["rl"].cost == 1.0
