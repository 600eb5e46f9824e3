"""Extensions on the page and in tables, apart from all verdicts."""

from __future__ import annotations

import pandas as pd
import pytest

from bench.records.record import Record
from bench.report import cells, findings, tables
from bench.report.extensions import ALL, SEVERAL
from bench.report.pages import build_report
from tests.report.extension_records import extension, games, imitation
from tests.report.html_page import check_links, parse
from tests.support.factories import make_grid, make_record

EFFECTS = {"spectral_norm": (4.0, 4.0), "r1": (0.0, -4.0), "target_network": (0.0, 4.0)}
EVIL = '<script>alert("x")</script>|`$\\alpha'


def besides() -> list[Record]:
    """What no verdict counts: few seeds, and results that would change any verdict."""
    few = {"n": 3, "shift": 30.0}
    return [
        *imitation(),
        extension("lqr_imitation", base="reference"),
        *(extension("ring8_info", name, n=3) for name in (None, "spectral_norm", "lecam")),
        extension("ring8", "r1@critic", **few),
        extension("ring8", "spectral_norm@critic", n=3, shift=-30.0),
        extension("ring8", play="simultaneous", **few),
        extension("ring8", "spectral_norm", play="simultaneous", n=3),
        extension("ring8", "lecam", play="reversed", **few),
        extension("lqr", "r1@critic", n=3, better="higher"),
        extension("lqr", "huber", base="reference", play="reversed", n=3, better="higher"),
    ]


def test_verdicts_are_the_same_bytes_whatever_else_there_is(tmp_path):
    """Tables, figures and text of verdicts, and the tables of the tasks that they count."""
    grid = make_grid(EFFECTS)
    alone, both = (
        {p.relative_to(out).as_posix(): p.read_bytes() for p in build_report(r, out, out / "L.md")}
        for r, out in ((grid, tmp_path / "a"), ([*besides(), *grid], tmp_path / "b"))
    )
    apart = (
        "submissions.html",
        "index.html",
        "method.html",
        "L.md",
        "figures/bases",
        "files.sha256",
    )
    apart += ("tables/provenance", "tables/runs", "tables/contrasts", "references.bib")
    # What a strategy does anywhere is on its page, and every page leads to the extensions.
    apart += ("strategies/", "tasks/", "effects.html", "figures/strategy-")
    assert {name: both[name] for name in alone if not name.startswith(apart)} == {
        name: data for name, data in alone.items() if not name.startswith(apart)
    }
    assert {"tables/transfer-bare.csv", "figures/transfer-bare.svg"} <= set(alone)
    assert "tables/transfer-reference.csv" not in both
    for name, begin, end in (
        ("index.html", '<section id="base-bare">', "</section>"),
        ("strategies/spectral_norm.html", '<section id="verdicts">', "</section>"),
        ("tasks/ring8.html", '<section id="cells">', "</section>"),
        ("L.md", "## Which strategies transfer", "\n## "),
    ):
        parts = []
        for made in (alone, both):
            text = made[name].decode() + "\n## "
            start = text.index(begin)
            parts.append(text[start : text.index(end, start + len(begin))].strip())
        assert parts[0] == parts[1], begin
    for made, further in ((alone, False), (both, True)):
        head = made["L.md"].decode().partition("##")[0]
        assert "24 cells, 240 runs, 0 of them failed" in head
        assert "**preliminary**" in head
        assert ("which no verdict counts" in head) == further


def test_rows_of_verdicts_are_of_plain_cells_alone():
    found = findings.study([*besides(), *make_grid(EFFECTS)])
    assert found.bases == ("bare",)
    labels = {finding.label for finding in found.findings["bare"]}
    assert labels == {*EFFECTS, "placebo", "harmful"}
    assert {*tables.effect_matrix(found, "bare")[0].columns} == {
        "ring8",
        "digits",
        "lqr",
        "pendulum",
    }


def test_single_players_and_orders_of_other_tasks_are_shown_with_the_extensions():
    found = games([*besides(), *make_grid(EFFECTS)])
    assert list(found) == ["lqr_imitation", "ring8_info", "ring8", "lqr"]
    tables_of = {table.play: table for table in found["ring8"].tables}
    assert set(tables_of[""].rows) == {"r1", "spectral_norm"}, "its own table has the others"
    assert set(tables_of["simultaneous"].rows) == {"spectral_norm"}
    assert set(tables_of["reversed"].rows) == {"lecam"}
    (orders,) = found["ring8"].orders
    assert set(orders.rows) == {"base", "spectral_norm", "lecam"}


FORGED = (
    {"strategy": "r1@nobody", "cell": "bare+r1@nobody"},
    {"strategy": "nobody_knows_it@reward", "cell": "bare+nobody_knows_it@reward"},
    {"strategy": "extragradient@reward", "cell": "bare+extragradient@reward"},
    {"strategy": "ddpg@reward", "cell": "bare+ddpg@reward"},
    {"strategy": "r1@reward+r1@critic", "cell": "bare+r1@reward+r1@critic"},
    {"strategy": "r1", "cell": "bare+r1@reward"},
    {"strategy": "r2", "cell": "bare+r2", "play": "nobody.knows.it"},
    {"strategy": "r1@" + EVIL, "cell": "bare+r1@" + EVIL},
    {"strategy": "r1", "cell": "bare+r1=" + EVIL, "play": EVIL},
)


def test_forged_scopes_and_orders_are_shown_and_do_no_harm(tmp_path):
    records = [extension("lqr_imitation"), extension("lqr_imitation", play="simultaneous")]
    one = extension("lqr_imitation", "r1")
    records += [one.model_copy(update=forged) for forged in FORGED]
    records.append(one.model_copy(update={"task": "nobody_knows_it", "strategy": "r1@reward"}))
    records.append(extension("ring8", "r1@critic").model_copy(update={"strategy": "r1@nobody"}))
    assert cells.inert_reason("r1@nobody", "lqr_imitation") is None
    assert cells.inert_reason("extragradient@reward", "lqr_imitation") is None
    assert "hidden layer" in (cells.inert_reason("dropout@reward", "lqr_imitation") or "")
    written = build_report(records, tmp_path, tmp_path / "L.md")
    assert all(path.stat().st_size > 0 for path in written)
    for page in tmp_path.rglob("*.html"):
        assert parse(page).tags.count("script") == 2, "the site's own"
    text = (tmp_path / "L.md").read_text(encoding="utf-8")
    assert "<script" not in text
    table = games(records)["lqr_imitation"].tables[0]
    assert table.scopes[:5] == (
        ALL,
        "reward",
        "critic",
        "actor",
        '<script>alert("x")</script>|`$\\alpha',
    )
    assert table.scopes[5:] == ("nobody", SEVERAL)


@pytest.mark.parametrize("left_out", ["reward", "critic"])
def test_it_is_not_asked_where_one_critic_was_not_tried(left_out, tmp_path):
    records = [r for r in imitation() if not (r.strategy or "").endswith(f"@{left_out}")]
    build_report(records, tmp_path, None)
    page = tmp_path / "extensions.html"
    assert "regulariser belong" not in page.read_text(encoding="utf-8")
    build_report(imitation(), tmp_path, None)
    title = "Where does a regulariser belong, reward or value?"
    assert title in page.read_text(encoding="utf-8")


def test_page_and_table_say_the_same(tmp_path):
    played = [extension("lqr_imitation", name, play="reversed") for name in (None, "r1@reward")]
    build_report([*imitation(), *played], tmp_path, None)
    frame = pd.read_csv(tmp_path / "tables" / "extensions.csv", keep_default_na=False)
    columns = "game base strategy scope play n base_n median effect low high p"
    assert list(frame.columns)[:12] == columns.split()
    (row,) = frame[
        (frame.strategy == "r1") & (frame.scope == "reward") & (frame.play == "")
    ].to_dict("records")
    page = (tmp_path / "tasks" / "lqr_imitation-players.html").read_text(encoding="utf-8")
    interval = f"[{float(row['low']):.2f}, {float(row['high']):.2f}]"
    shown = f"<b>{float(row['effect']):.2f}</b> <i>{interval}</i><br>"
    (entry,) = [cell for cell in page.split("<td") if shown in cell and "▲ helps" in cell][:1]
    assert f"; {tables.number(float(row['median']))}; n 10<" in entry
    assert "Known answer" in page
    assert "reward (a critic), critic, actor" in page
    orders = pd.read_csv(tmp_path / "tables" / "extension-orders.csv", keep_default_na=False)
    assert list(orders.scope) == [ALL, "reward"]
    assert orders.command[1].endswith(
        "--strategies r1@reward --base bare --seeds 10 --play reversed"
    )
    assert (tmp_path / "figures" / "extensions-bare-1.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "figures" / "task-lqr_imitation-bare-reversed-curves.png").is_file()


@pytest.mark.parametrize(
    "records",
    [
        [extension("lqr_model")],
        [extension("lqr_model", "r1")],
        [extension("lqr_model", play="reversed")],
        [extension("ring8", "r1@critic")],
        [extension("ring8", play="simultaneous")],
        [extension("dirac", "r1", play="simultaneous")],
        [extension("linear_bi", name, scores=[None, None]) for name in (None, "r1")],
        [make_record(), extension("ring8_info", n=1)],
    ],
    ids=["base", "no base", "order", "one player", "GAN", "toy", "all failed", "mixed"],
)
def test_partial_extensions_make_a_report(records, tmp_path):
    written = build_report(records, tmp_path, tmp_path / "L.md")
    made = [p for p in written if p.name in {"extensions.csv", "extension-orders.csv"}]
    assert made
    assert all(len(pd.read_csv(path)) for path in made)
    page = check_links(tmp_path / "extensions.html")
    assert "games" in page.ids
    check_links(tmp_path / page.links[page.links.index("extensions.html") + 1])
