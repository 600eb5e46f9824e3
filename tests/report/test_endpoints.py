"""Two endpoints of a run, its final score and its area, and what counts as a tie of two runs."""

from __future__ import annotations

import math
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from bench.learner.task import TIE
from bench.report import extensions, findings, heat_maps, plots, stats, tables
from bench.report.pages import build_report
from tests.report.extension_records import extension, games
from tests.support.factories import make_grid, make_record

DISTANCE = {"low": 4.0, "high": 0.5, "log": False}
LOG = {"low": 4.0, "high": 0.004, "log": True}


def with_areas(record, areas):
    """The record with other areas."""
    kept = [r.model_copy(update={"area": a}) for r, a in zip(record.seeds, areas, strict=True)]
    return record.model_copy(update={"seeds": kept})


def view(*records):
    """The only task of these records."""
    (found,) = findings.study(list(records)).tasks
    return found


def test_runs_are_compared_by_normalised_scores_and_areas():
    record = make_record(scores=[0.5, 4.0, 2.25, None], anchors=DISTANCE)
    (cell,) = view(record).cells.values()
    assert cell.arms["final"].values.tolist() == [1.0, 0.0, 0.5, -math.inf]
    assert cell.arms["area"].values.tolist()[1:] == [0.0, record.seeds[2].area, -math.inf]
    assert cell.scores.values.tolist() == [-0.5, -4.0, -2.25, -math.inf]
    assert [arm.tie for arm in (cell.scores, *cell.arms.values())] == [0.0, TIE, TIE]


def test_a_collapsed_run_ranks_worst_by_both():
    statuses = ["ok", "collapsed"]
    record = make_record(scores=[1.0, 3.9], statuses=statuses, anchors=DISTANCE)
    assert record.seeds[1].area is not None
    (cell,) = view(record).cells.values()
    assert [arm.values[1] for arm in cell.arms.values()] == [-math.inf, -math.inf]


def test_without_anchors_scores_are_compared_as_they_are_and_there_is_no_area():
    found = view(make_record(scores=[1.0] * 3), make_record(strategy="r1", scores=[0.999] * 3))
    (cell, _) = found.cells.values()
    assert set(cell.arms) == {"final"}
    assert cell.arms["final"].values.tolist() == [-1.0] * 3
    assert [effect.value for effect in found.effects["final"].values()] == [1.0]
    assert found.effects["area"] == {}


@pytest.mark.parametrize(("by", "value"), [(0.034, 0.5), (0.036, 1.0), (-0.034, 0.5), (-0.036, 0)])
def test_less_than_a_hundredth_of_the_range_is_a_tie(by, value):
    base = make_record(scores=[1.0] * 10, anchors=DISTANCE)
    found = view(base, make_record(strategy="r1", scores=[1.0 - by] * 10, anchors=DISTANCE))
    (effect,) = found.effects["final"].values()
    assert effect.value == value


def test_verdicts_are_by_the_final_score_and_the_area_stands_beside():
    """A strategy that learns faster and ends as the base does."""
    base = make_record(scores=[1.0] * 10, anchors=DISTANCE)
    fast = make_record(strategy="r1", scores=[1.0] * 10, anchors=DISTANCE)
    fast = with_areas(fast, [r.area + 0.2 for r in base.seeds])
    (finding,) = findings.study([base, fast]).findings["bare"]
    part = finding.domains["gan"]
    assert (part.state, part.effect.value) == ("equivalent", 0.5)
    assert (part.area.value, part.area.high) == (1.0, 1.0)
    assert 2 / math.comb(20, 10) < part.area.p < 0.01
    assert finding.domains["rl"].area is None
    row = tables.transfer_table([finding]).iloc[0]
    assert (row.gan_effect, row.gan_area, row.gan_area_p) == (0.5, 1.0, part.area.p)
    assert math.isnan(row.rl_area)


def test_an_area_is_the_mean_of_the_tasks_that_have_one():
    grid = make_grid({"r1": (4.0, 4.0)}, anchored=True)
    rest = [r for r in make_grid({"r1": (4.0, 4.0)}) if r.task == "digits"]
    mixed = findings.study([r for r in grid if r.task != "digits"] + rest)
    part = next(f for f in mixed.findings["bare"] if f.label == "r1").domains["gan"]
    assert part.effect.tasks == ("digits", "ring8")
    assert part.area.tasks == ("ring8",)


def test_a_removed_strategy_is_judged_for_itself_by_both():
    kit = make_record(base="reference", scores=[0.6] * 5, anchors=DISTANCE)
    without = {"base": "reference", "strategy": "r1", "contrast": "removed"}
    found = view(kit, make_record(scores=[3.0] * 5, anchors=DISTANCE, **without))
    assert [[e.value for e in by.values()] for by in found.effects.values()] == [[1.0], [1.0]]


def test_task_tables_have_scores_in_the_metrics_unit_and_both_endpoints_normalised():
    scores = [0.4, 0.2, 0.1, 0.05]
    base, other = make_record(scores=scores, anchors=LOG), make_record(strategy="r1", anchors=LOG)
    study = findings.study([base, other])
    row = tables.task_table(study.tasks[0], study).set_index("cell").loc["bare"]
    assert row.iqm == pytest.approx(0.15)
    assert row.iqm_low <= row.iqm <= row.iqm_high
    finals = [math.log(score / 4.0) / math.log(0.001) for score in scores]
    assert row.normalised == pytest.approx(stats.iqm(finals))
    assert row.area == pytest.approx(stats.iqm([result.area for result in base.seeds]))
    assert row.area_low <= row.area <= row.area_high
    assert math.isnan(row.area_improvement)
    row = tables.task_table(study.tasks[0], study).set_index("cell").loc["bare+r1"]
    effect = study.tasks[0].effects["area"]["bare", "", "r1"]
    assert (row.area_improvement, row.area_improvement_low) == (
        effect.value,
        stats.percentiles(effect.samples)[0],
    )


def test_what_a_run_loses_after_its_best_is_in_the_metrics_unit():
    record = make_record(scores=[3.0] * 3, anchors=LOG)
    kept = [result.model_copy(update={"best": 1.0}) for result in record.seeds]
    (cell,) = view(record.model_copy(update={"seeds": kept})).cells.values()
    assert tables.best_minus_last(cell) == 2.0


def test_maps_are_of_one_endpoint():
    grid = make_grid({"r1": (4.0, 4.0)}, anchored=True)
    grid = [with_areas(r, [0.5] * 10) if r.strategy == "r1" else r for r in grid]
    study = findings.study(grid)
    final, area = (tables.effect_matrix(study, "bare", end)[0] for end in ("final", "area"))
    assert (final.loc["r1"] > 0.9).all()
    assert final.loc["r1", "ring8"] != area.loc["r1", "ring8"]
    assert heat_maps.heat_map(study, "bare", "area") is not None
    assert heat_maps.heat_map(findings.study(make_grid({})), "bare", "area") is None


def test_extensions_have_both_and_scores_in_the_metrics_unit():
    base = extension("lqr_model", anchors=DISTANCE)
    fast = with_areas(extension("lqr_model", "r1", anchors=DISTANCE), [0.99] * 10)
    (table,) = games([base, fast])["lqr_model"].tables
    entry = table.rows["r1"][extensions.ALL]
    assert (entry.word, entry.area.value) == (extensions.NO_EFFECT, 1.0)
    median = np.median([result.score for result in fast.seeds])
    assert entry.median == pytest.approx(median)
    row = tables.extension_table(list(games([base, fast]).values())).iloc[1]
    assert (row.area, row.area_low > 0.5, row.area_high) == (1.0, True, 1.0)


def test_pages_tables_and_figures_show_both(tmp_path):
    grid = make_grid({"r1": (4.0, 4.0)}, anchored=True)
    written = {p.name: p for p in build_report(grid, tmp_path, tmp_path / "L.md")}
    csv = pd.read_csv(written["transfer-bare.csv"]).set_index("strategy").loc["r1"]
    effects = [f"{csv.gan_effect:.2f} [{csv.gan_low:.2f}, {csv.gan_high:.2f}]"]
    effects.append(f"{csv.gan_area:.2f} [{csv.gan_area_low:.2f}, {csv.gan_area_high:.2f}]")
    assert " | ".join(effects) in written["L.md"].read_text(encoding="utf-8")
    page = (tmp_path / "strategies" / "r1.html").read_text(encoding="utf-8")
    value, interval = effects[1].split(" ", 1)
    assert f"<b>{value}</b> <i>{interval}</i>" in page
    assert "areas-bare.png" in (tmp_path / "effects.html").read_text(encoding="utf-8")
    task = pd.read_csv(written["task-ring8.csv"]).set_index("cell").loc["bare+r1"]
    shown = f"{task.area:.2f} <i>[{task.area_low:.2f}, {task.area_high:.2f}]</i>"
    assert shown in (tmp_path / "tasks" / "ring8.html").read_text(encoding="utf-8")
    plain = build_report(make_grid({"r1": (4.0, 4.0)}), tmp_path / "b", None)
    assert "areas-bare.png" not in {path.name for path in plain}
    assert "areas-bare.png" not in (tmp_path / "b" / "effects.html").read_text(encoding="utf-8")


def test_the_scatter_has_a_lighter_mark_by_area():
    grid = make_grid({"r1": (4.0, 4.0)}, anchored=True)
    rows = [f for f in findings.study(grid).findings["bare"] if f.label == "r1"]
    with mock.patch.object(plots, "drawing", side_effect=lambda figure, marks: figure):
        axes = plots.effect_scatter(rows).axes[0]
    place = tuple(part.area.value for part in rows[0].domains.values())
    assert place in [tuple(line.get_xydata()[-1]) for line in axes.lines if len(line.get_xdata())]
    assert "by area" in [text.get_text() for text in axes.get_legend().get_texts()]
