"""Rows of strategies that take the place of a part of the reference kit."""

import pytest

from bench.experiment.cell import Cell
from bench.records.rank_tests import benjamini_hochberg, holm
from bench.report import cells, extensions, families, findings, heat_maps, tables
from bench.report.pages import build_report
from bench.report.searches import _named
from tests.report.extension_records import extension, games
from tests.report.html_page import parse
from tests.support.factories import make_record, normal_scores

ROW = "gradient_penalty (in place of r1)"
TASKS = {"ring8": "gan", "digits": "gan", "lqr": "rl", "pendulum": "rl"}


def record(task: str, strategy: str | None, shift: float = 0.0, **changes):
    """Ten seeds on the reference base, `shift` standard deviations better than the base."""
    domain = TASKS[task]
    sign = -1.0 if domain == "gan" else 1.0
    name = f"{task}{strategy}{changes.get('instead_of')}"
    scores = normal_scores(name, sign * 0.1 * shift, 0.1, 10)
    better = "lower" if domain == "gan" else "higher"
    place = {"task": task, "domain": domain, "better": better, "base": "reference"}
    return make_record(scores=scores, strategy=strategy, **place, **changes)


def some() -> list:
    """On top of R1 it hurts GANs, in its place it helps them; it helps RL."""
    made = [record(task, strategy) for task in TASKS for strategy in (None, "huber")]
    made += [record(task, "placebo") for task in TASKS]
    for task, domain in TASKS.items():
        made.append(record(task, "gradient_penalty", 6.0 if domain == "rl" else -6.0))
        if domain == "gan":
            made.append(record(task, "gradient_penalty", 6.0, instead_of="r1"))
    return made


@pytest.fixture(scope="module")
def found() -> findings.Study:
    return findings.study(some())


def row(found: findings.Study, label: str) -> findings.Finding:
    return next(f for f in found.findings["reference"] if f.label == label)


def test_the_row_is_judged_over_both_domains(found):
    placed, added = row(found, ROW), row(found, "gradient_penalty")
    assert placed.verdict == "transfers"
    assert added.verdict == "conflicts"
    assert (placed.instead_of, placed.strategy) == (("r1",), "gradient_penalty")
    assert placed.domains["gan"].contrast == "in place of"
    assert placed.domains["gan"].effect.value > 0.95, "as it is: no sign is turned"
    assert placed.domains["gan"].effect.tasks == ("digits", "ring8")


def test_where_the_kit_has_nothing_to_replace_the_row_has_the_cell_that_adds(found):
    placed, added = row(found, ROW).domains["rl"], row(found, "gradient_penalty").domains["rl"]
    assert placed.contrast == added.contrast == "added"
    assert placed.effect.value == added.effect.value
    assert placed.p_adjusted == added.p_adjusted
    assert row(found, ROW).stands_in("rl")
    assert not row(found, ROW).stands_in("gan")
    assert not row(found, "gradient_penalty").stands_in("rl")


def test_each_test_counts_once(found):
    rows = [r for r in found.findings["reference"] if r.expected is None]
    tests = [
        (part.effect.p, part.p_adjusted)
        for r in rows
        for domain, part in r.domains.items()
        if not r.stands_in(domain)
    ]
    assert len(tests) == 2 * len(rows) - 1
    looked = holm([part.looks[0].p for r in rows for domain, part in r.domains.items()
                   if not r.stands_in(domain)], families.declared_size("reference", 2))  # fmt: skip
    assert [p for _, p in tests] == pytest.approx(looked)


def test_a_missing_cell_is_missing_and_no_other_takes_its_place():
    """R1 is in the kit of `digits`, so that what adds to it says nothing of its place."""
    made = [r for r in some() if not (r.task == "digits" and r.instead_of)]
    part = row(findings.study(made), ROW).domains["gan"]
    assert part.effect.tasks == ("ring8",)
    assert part.of_tasks == 2
    placed = [r for r in some() if r.instead_of or r.strategy is None]
    assert row(findings.study(placed), ROW).domains["rl"].state == "missing"
    assert row(findings.study(placed), ROW).verdict == "undetermined"
    without = [r for r in some() if not r.instead_of]
    assert ROW not in {f.label for f in findings.study(without).findings["reference"]}


def test_rows_of_the_map_are_the_same(found):
    values, adjusted = tables.effect_matrix(found, "reference")
    assert values.loc[ROW, "ring8"] > 0.95 > values.loc["gradient_penalty", "ring8"]
    for task in ("lqr", "pendulum"):
        assert values.loc[ROW, task] == values.loc["gradient_penalty", task]
        assert adjusted.loc[ROW, task] == adjusted.loc["gradient_penalty", task]
    effects = [e for view in found.tasks for e in view.effects["final"].values()]
    raw = [e.p for e in effects]
    once = adjusted.drop(index=ROW).to_numpy().ravel().tolist()
    once += adjusted.loc[ROW, ["ring8", "digits"]].tolist()
    assert sorted(once) == pytest.approx(sorted(benjamini_hochberg(raw)))
    cell = found.rows("reference")[ROW]
    texts = {v.name: heat_maps._cell_text(v, "reference", cell, 1.0) for v in found.tasks}
    assert {name for name, text in texts.items() if text.endswith("§")} == {"lqr", "pendulum"}


@pytest.mark.parametrize(
    ("changes", "label", "added", "short"),
    [
        ({}, "r2 (in place of r1)", "r2", "r2 for r1"),
        (
            {"settings_from": "tuned", "cell": "reference-r1+r2~tuned"},
            *("r2~tuned (in place of r1)", "r2~tuned", "r2~tuned for r1"),
        ),
        (
            {"play": "reversed", "cell": "reference-r1+r2=reversed"},
            *("r2 (in place of r1)", "r2", "r2 for r1"),
        ),
        (
            {"instead_of": "low_beta1+r1", "cell": "reference-low_beta1-r1+r2"},
            *("r2 (in place of low_beta1 and r1)", "r2", "r2 for low_beta1 and r1"),
        ),
        ({"strategy": "r2@critic"}, "r2@critic (in place of r1)", "r2@critic", "r2@critic for r1"),
    ],
)
def test_labels(changes, label, added, short):
    given = {"base": "reference", "strategy": "r2", "instead_of": "r1"} | changes
    (view,) = findings.study([make_record(**given)]).tasks
    (cell,) = view.cells.values()
    assert (cell.label, cell.added_label, cell.title) == (label, added, short)
    assert cell.plain == (not changes.get("play") and "@" not in label)
    assert extensions.position(label)[0] == label.replace("@critic", "")


def test_what_is_removed_together_is_one_label():
    both = make_record(base="reference", strategy="a+b", contrast="removed", cell="reference-a-b")
    assert cells.label_of(both) == "a+b"


def test_nothing_is_inert_that_takes_the_place_of_what_acts():
    """Batch normalisation does nothing to a linear critic: what is measured is what is removed."""
    placed = {"strategy": "batch_norm_joint", "instead_of": "target_network"}
    made = [record("lqr", None), record("lqr", shift=-6.0, **placed)]
    view = findings.study(made).tasks[0]
    assert not view.inert
    assert [effect.value < 0.05 for effect in view.effects["final"].values()] == [True]


def test_a_control_in_place_of_another_is_none():
    """A placebo in place of R1 is the base without R1."""
    made = [record("ring8", None), record("ring8", "placebo", -6.0, instead_of="r1")]
    (finding,) = findings.study(made).findings["reference"]
    assert finding.expected is None
    part = finding.domains["gan"]
    assert part.p_adjusted == pytest.approx(families.declared_size("reference", 2) * part.effect.p)


def test_the_command_runs_the_cell():
    placed = record("ring8", "gradient_penalty", instead_of="r1")
    assert "--strategies gradient_penalty-r1 --base reference" in tables.command(placed)
    both = placed.model_copy(update={"instead_of": "low_beta1+r1"})
    assert "--strategies gradient_penalty-low_beta1-r1 " in tables.command(both)
    assert placed.origin == Cell.parse("ring8/reference-r1+gradient_penalty")
    search = type("Search", (), {"strategy": "r2", "instead_of": "r1", "play": "reversed"})
    assert _named(search) == "r2 (in place of r1)=reversed"


def test_pages_tables_and_figures_show_it(tmp_path):
    written = build_report(some(), tmp_path, tmp_path / "L.md")
    text, board = (tmp_path / "index.html").read_text(), (tmp_path / "L.md").read_text()
    parse(tmp_path / "index.html")
    page = (tmp_path / "strategies" / "gradient_penalty.html").read_text()
    assert f">{ROW}</a></th>" in text
    assert text.count(">§</abbr>") == 1
    assert page.count(">§</abbr>") == 1
    assert "<td>reference-r1+gradient_penalty</td><td>in place of</td>" in page
    assert r"| gradient\_penalty (in place of r1) | **transfers** |" in board
    assert "§ the base has nothing" in board
    csv = next(p for p in written if p.name == "transfer-reference.csv").read_text()
    assert f"{ROW},transfers,r1,in place of,helps" in csv
    plain = build_report([r for r in some() if not r.instead_of], tmp_path / "b", tmp_path / "P.md")
    assert plain
    assert "§" not in (tmp_path / "P.md").read_text()
    assert "§" not in (tmp_path / "b" / "index.html").read_text()


def test_extensions_have_rows_of_their_own():
    made = [
        extension("lqr_imitation", base="reference"),
        extension("lqr_imitation", "huber", base="reference"),
        extension("lqr_imitation", "huber", base="reference", shift=6.0, instead_of="replay"),
        extension("lqr_imitation", "r1@reward", base="reference", instead_of="replay"),
        extension("lqr_imitation", "r1@critic", base="reference", instead_of="replay"),
    ]
    (table,) = games(made)["lqr_imitation"].tables
    assert list(table.rows) == ["huber", "huber (in place of replay)", "r1 (in place of replay)"]
    assert set(table.rows["r1 (in place of replay)"]) == {"reward", "critic"}
    entry = table.rows["huber (in place of replay)"][extensions.ALL]
    assert (entry.word, entry.removed) == ("helps", False)
    assert tables.extension_table(list(games(made).values())).strategy.tolist()[2:4] == [
        "huber (in place of replay)",
        "r1 (in place of replay)",
    ]
