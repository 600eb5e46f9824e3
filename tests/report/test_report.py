"""The report on synthetic records: what it says, what it leaves out, and that it is safe."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bench.experiment import registry
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.records.record import Artefact
from bench.report import cells, findings, rendering, tables
from bench.report.pages import build_report
from bench.report.style import printable
from tests.report.html_page import parse
from tests.support.factories import artefact, make_grid, make_record

EFFECTS = {
    "spectral_norm": (4.0, 4.0),
    "label_smoothing": (4.0, -4.0),
    "target_network": (0.0, 4.0),
    "replay": (0.0, 0.0),
}
EVIL = '<script>alert("x")</script>|`$\\alpha'


@pytest.fixture(scope="module")
def grid():
    return make_grid(EFFECTS, n=20)


@pytest.fixture(scope="module")
def found(grid):
    return findings.study(grid)


def row(found, label, base="bare"):
    return next(f for f in found.findings[base] if f.label == label)


def small(**changes):
    """Two tasks, one strategy, three seeds: what a smoke test leaves."""
    return [
        make_record(task=task, domain=domain, better=better, strategy=strategy, **changes)
        for task, domain, better in (("ring8", "gan", "lower"), ("lqr", "rl", "higher"))
        for strategy in (None, "replay")
    ]


def test_verdicts_of_known_effects(found):
    assert row(found, "spectral_norm").verdict == "transfers"
    assert row(found, "label_smoothing").verdict == "conflicts"
    assert row(found, "replay").verdict == "undetermined"
    assert {f.evidence for f in found.findings["bare"]} == {"preliminary"}


def test_controls_are_called_what_they_are(found):
    for name, entry in registry.strategies().items():
        if entry.home == "control":
            control = row(found, name)
            assert control.expected == control.verdict == cells.control_verdict(name)
    order = [f.expected is not None for f in found.findings["bare"]]
    assert order == sorted(order), "controls come last"


@pytest.mark.parametrize("n", [2, 3, 5])
def test_few_seeds_never_misjudge_the_controls(n):
    found = findings.study(make_grid({}, n=n))
    assert row(found, "placebo").verdict in ("neutral", "undetermined")
    assert row(found, "harmful").verdict in ("harmful", "undetermined")
    assert row(found, "placebo").evidence == "smoke test"


def test_inert_cells_are_shown_and_not_counted(found):
    """A target network changes nothing where the discount is 0, whatever the records say."""
    part = row(found, "target_network").domains["gan"]
    assert part.state == "inert"
    assert part.effect is None
    assert set(part.inert) == {"ring8", "digits"}
    assert all(part.inert.values())
    assert row(found, "target_network").verdict == "RL only"
    ring = next(view for view in found.tasks if view.name == "ring8")
    assert ("bare", "", "target_network") in ring.cells
    assert ("bare", "", "target_network") not in ring.effects["final"]
    assert cells.inert_reason("target_network", "lqr") is None
    assert cells.inert_reason("nobody_knows_it", "ring8") is None
    assert cells.inert_reason("target_network", "nobody_knows_it") is None


def test_toy_games_are_never_counted(grid):
    game = [
        make_record(task="dirac", domain="game", strategy=strategy, scores=scores)
        for strategy, scores in ((None, [5.0] * 10), ("replay", [0.1] * 10), ("r1", [0.1] * 10))
    ]
    with_game = findings.study([*grid, *game])
    without = findings.study(grid)
    for before, after in zip(without.findings["bare"], with_game.findings["bare"], strict=True):
        assert (before.label, before.verdict) == (after.label, after.verdict)
        assert (
            before.domains["gan"].effect.value == after.domains["gan"].effect.value
            if (before.domains["gan"].effect)
            else after.domains["gan"].effect is None
        )
    assert "r1" in tables.effect_matrix(with_game, "bare")[0].index


def test_a_strategy_taken_away_is_judged_for_itself():
    """The kit does better than the kit without replay, so replay helps."""
    good, poor = list(range(20, 40)), list(range(20))
    records = [
        make_record(task="lqr", domain="rl", better="higher", base="reference", scores=good),
        make_record(
            task="lqr",
            domain="rl",
            better="higher",
            base="reference",
            strategy="replay",
            contrast="removed",
            scores=[*poor[:19], None],
        ),
    ]
    part = row(findings.study(records), "replay", "reference").domains["rl"]
    assert (part.effect.value, part.state, part.removed) == (1.0, "helps", True)
    assert part.failures == (1, 20, 0, 20), "without, then with"


def test_failures_rank_worst_and_stay_in_every_denominator():
    records = [
        make_record(scores=[1.0, 1.0, 1.0, 1.0]),
        make_record(strategy="replay", scores=[0.5, 0.5, None, None]),
    ]
    found = findings.study(records)
    assert row(found, "replay").domains["gan"].effect.value == 0.5
    table = tables.task_table(found.tasks[0], found).set_index("cell")
    assert table.loc["bare+replay", "failures"] == "2 of 4 (2 diverged)"
    assert table.loc["bare+replay", "failure_rate"] == 0.5
    assert table.loc["bare+replay", "iqm"] == math.inf  # lower is better: the worst
    assert table.loc["bare+replay", "best_minus_last"] == math.inf
    assert table.loc["bare", "iqm"] == 1.0


def test_a_collapsed_run_counts_as_failed_and_ranks_worst():
    record = make_record(scores=[1.0, 9.0], statuses=["ok", "collapsed"])
    cell = next(iter(findings.study([record]).tasks[0].cells.values()))
    assert cell.failure_text == "1 of 2 (1 collapsed)"
    assert cell.scores.values.tolist() == [-1.0, -math.inf]


def test_task_table_numbers():
    scores = [1.0, 2.0, 3.0, 40.0]
    found = findings.study([make_record(scores=scores, seconds=8.0)])
    table = tables.task_table(found.tasks[0], found)
    assert table.loc[0, "iqm"] == 2.5
    assert table.loc[0, "iqm_low"] <= 2.5 <= table.loc[0, "iqm_high"]
    assert table.loc[0, "seconds_per_seed"] == 2.5  # 8 s of updates and 2 s of evaluation
    assert table.loc[0, "last_modes"] == 4.0
    assert math.isnan(table.loc[0, "improvement"])


@pytest.mark.parametrize(("better", "best", "last"), [("lower", 1.0, 4.0), ("higher", 4.0, 1.0)])
def test_what_a_run_loses_after_its_best_is_never_negative(better, best, last):
    record = make_record(better=better, scores=[last] * 3)
    kept = [result.model_copy(update={"best": best}) for result in record.seeds]
    view = findings.study([record.model_copy(update={"seeds": kept})]).tasks[0]
    assert tables.best_minus_last(view.cells["bare", "", ""]) == 3.0


def test_p_is_adjusted_for_the_strategies_and_not_for_the_controls(found):
    """The family is the catalogue in two domains, though only four strategies were run."""
    strategies = [entry for entry in registry.strategies().values() if entry.home != "control"]
    tests = [f.domains[d].looks for f in found.findings["bare"][:4] for d in ("gan", "rl")]
    smallest = min(looks[0].p for looks in tests if looks)
    least = min(f.domains[d].p_adjusted for f in found.findings["bare"][:4] for d in ("gan", "rl")
                if f.domains[d].effect)  # fmt: skip
    assert least == pytest.approx(2 * len(strategies) * smallest)
    control = row(found, "harmful").domains["gan"]
    assert (control.look, control.p_adjusted) == (10, control.looks[0].p)


def test_no_records_is_a_clear_error(tmp_path):
    with pytest.raises(ValueError, match="no records found"):
        build_report([], tmp_path, None)
    with pytest.raises(ValueError, match=f"1 of another kind: protocol 0, not {PROTOCOL_VERSION}"):
        build_report([make_record(protocol_version="0")], tmp_path, None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "records",
    [
        [make_record(scores=[1.0])],
        [make_record(strategy="replay")],
        [make_record(), make_record(task="lqr", domain="rl", better="higher", strategy="replay")],
        [make_record(task="dirac", domain="game")],
        [make_record(scores=[None, None]), make_record(strategy="replay", scores=[None, None])],
    ],
    ids=["one base", "no base", "no pair", "toys only", "all failed"],
)
def test_partial_grids_make_a_report(records, tmp_path):
    written = build_report(records, tmp_path, tmp_path / "LEADERBOARD.md")
    assert all(path.stat().st_size > 0 for path in written)


def test_the_same_records_give_the_same_bytes(tmp_path):
    records = small()
    records[0] = records[0].model_copy(
        update={"artefacts": {"end": Artefact(**artefact(np.ones((9, 2), np.float32), "points"))}}
    )
    builds = []
    for name in ("a", "b"):
        written = build_report(records, tmp_path / name, tmp_path / name / "LEADERBOARD.md")
        builds.append({p.relative_to(tmp_path / name): p.read_bytes() for p in written})
    assert builds[0] == builds[1]
    assert {path.name for path in builds[0]} >= {
        "index.html",
        "LEADERBOARD.md",
        "task-ring8.csv",
        "transfer-bare.csv",
        "transfer-bare.png",
        "effects-bare.png",
        "task-ring8-bare-curves.png",
        "task-ring8-bare-samples.png",
        "transfer-bare.svg",
        "transfer-bare.pdf",
        "effects-bare.svg",
        "bases.pdf",
        "contrasts.parquet",
        "runs.csv",
        "references.bib",
        "strategy-replay-curves.svg",
    }


def test_text_of_a_record_cannot_reach_the_page_or_leave_the_folder(tmp_path):
    evil = [
        record.model_copy(
            update={"task": "../../" + EVIL + record.task}
            | ({"strategy": EVIL, "cell": "bare+" + EVIL} if record.strategy else {})
        )
        for record in small()
    ]
    out = tmp_path / "deep" / "out"
    written = build_report(evil, out, out / "LEADERBOARD.md")
    assert all(out in path.resolve().parents for path in written)
    folders = ("tables", "figures", "assets", "strategies", "tasks")
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {
        out,
        *(out / name for name in folders),
    }
    for page in out.rglob("*.html"):
        assert parse(page).tags.count("script") == 2, "the site's own"
    for figure in (out / "figures").glob("*.svg"):
        assert "<script" not in figure.read_text(encoding="utf-8")
    text = (out / "LEADERBOARD.md").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    rows = [line for line in text.splitlines() if "alert" in line and line.startswith("|")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {13}, "the table of verdicts"


def test_the_page_and_the_csv_say_the_same(grid, tmp_path):
    build_report(grid, tmp_path, tmp_path / "LEADERBOARD.md")
    table = pd.read_csv(tmp_path / "tables" / "transfer-bare.csv").set_index("strategy")
    text = (tmp_path / "LEADERBOARD.md").read_text(encoding="utf-8")
    line = next(li for li in text.splitlines() if li.startswith("| spectral\\_norm |"))
    found = table.loc["spectral_norm"]
    assert found["verdict"] == "transfers"
    assert "**transfers**" in line
    assert f"{found['gan_effect']:.2f} [{found['gan_low']:.2f}, {found['gan_high']:.2f}]" in line
    command = "python -m bench run --tasks ring8 --strategies spectral_norm --base bare --seeds 20"
    page = (tmp_path / "strategies" / "spectral_norm.html").read_text(encoding="utf-8")
    assert command.replace("ring8", "digits,ring8,lqr,pendulum") in page
    assert (
        command
        == pd.read_csv(tmp_path / "tables" / "task-ring8.csv")
        .set_index("cell")
        .loc["bare+spectral_norm", "command"]
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1234.5, "1,234"), (-150.04, "−150"), (0.01234, "0.0123"), (2.5, "2.50"),
     (math.inf, "failed"), (math.nan, "–"), (3e-6, "3.00e-06")],
)  # fmt: skip
def test_numbers_are_short(value, text):
    assert tables.number(value) == text


def test_text_for_figures_and_markdown():
    assert printable("naïve\n" + "x" * 60) == "na?ve?" + "x" * 33 + "…"
    assert rendering.markdown("a|b\n<i> `c`") == "a\\|b &lt;i&gt; \\`c\\`"
