"""The files of a site: how heavy pages are, what is left of earlier reports, what can be read."""

from __future__ import annotations

import hashlib
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from bench.experiment import registry
from bench.report import curves, findings, heat_maps, plots, style
from bench.report.contrasts import contrast_table, contrasts, run_table
from bench.report.extensions import games
from bench.report.files import LIST
from bench.report.pages import build_report
from tests.report.extension_records import extension
from tests.report.html_page import parse
from tests.support.factories import make_grid, make_record

LIGHT = 300_000
EFFECTS = {"spectral_norm": (4.0, 4.0), "replay": (0.0, 0.0)}


def large() -> list:
    """Sixty strategies on twenty tasks and both bases, two seeds each; all on a game's players."""
    rng = np.random.default_rng(0)
    anchors = {"low": 4.0, "high": 0.1, "log": False}
    return [
        make_record(
            task=f"task_with_a_long_name_{task}",
            domain="gan" if task < 10 else "rl",
            base=base,
            strategy=f"strategy_with_a_name_{name}" if name else None,
            scores=rng.uniform(0.5, 1.5, 2).tolist(),
            anchors=anchors,
        )
        for task in range(20)
        for base in ("bare", "reference")
        for name in range(61)
    ] + [
        extension("lqr_imitation", name + player if name else None, base=base, n=2, anchors=anchors)
        for base in ("bare", "reference")
        for name in ("", *registry.strategies())
        for player in (("", "@reward", "@critic", "@actor") if name else ("",))
    ]


def test_every_page_of_a_large_study_is_light(tmp_path):
    """HTML, style and scripts together, before a picture is asked for. Figures are left out."""
    none = {"return_value": None}
    with (
        mock.patch.object(heat_maps, "heat_map", **none),
        mock.patch.object(plots, "effect_scatter", **none),
        mock.patch.object(curves, "base_curves", **none),
        mock.patch.object(curves, "learning_curves", return_value=drawn()),
        mock.patch.object(heat_maps, "scope_maps", return_value=[]),
    ):
        build_report(large(), tmp_path, tmp_path / "LEADERBOARD.md")
    pages = list(tmp_path.rglob("*.html"))
    # Front, two indices, submissions, method, extensions, and the game's players.
    assert len(pages) == 7 + 60 + len(registry.strategies()) + 21
    for page in pages:
        found = parse(page)
        scripts = [link for link in found.sources if link.endswith(".js")]
        loaded = [link for link in found.links if link.endswith(".css")] + scripts
        assert len(loaded) == 3
        whole = [page, *(page.parent / link for link in loaded)]
        assert sum(path.stat().st_size for path in whole) < LIGHT, page.name


def drawn() -> bytes:
    """A figure of nothing."""
    with style.styled():
        return style.png(curves.Figure(figsize=(1, 1)))


def test_pages_of_an_earlier_report_leave_and_what_is_not_its_own_stays(tmp_path):
    out = tmp_path / "out"
    build_report(make_grid(EFFECTS), out, out / "LEADERBOARD.md")
    notes, edited = out / "strategies" / "notes.html", out / "strategies" / "spectral_norm.html"
    notes.write_text("mine")
    edited.write_text("edited")
    outside = tmp_path / "outside.txt"
    outside.write_text("far away")
    (out / "way.txt").symlink_to(outside)
    digest = hashlib.sha256(b"far away").hexdigest()
    with (out / LIST).open("a") as listing:  # a list that somebody has changed
        listing.writelines(f"{digest}  {name}\n" for name in ("../outside.txt", outside, "way.txt"))
        listing.write("nonsense\n")
    assert (out / "tasks" / "lqr.html").exists()
    build_report([make_record(), make_record(strategy="r1")], out, None)
    left = {path.relative_to(out).as_posix() for path in out.rglob("*.html")}
    pages = {"index.html", "strategies/index.html", "strategies/r1.html", "tasks/index.html"}
    pages |= {"tasks/ring8.html", "effects.html", "method.html", "submissions.html"}
    assert left == pages | {"strategies/notes.html", "strategies/spectral_norm.html"}
    assert (notes.read_text(), edited.read_text()) == ("mine", "edited")
    assert outside.read_text() == "far away"
    assert (out / "way.txt").is_symlink(), "it leads out of the folder"
    assert not (out / "LEADERBOARD.md").exists()
    assert not list(out.glob("figures/*digits*"))


def test_the_list_names_every_file_with_its_hash(tmp_path):
    build_report(make_grid(EFFECTS), tmp_path, tmp_path / "LEADERBOARD.md")
    lines = (tmp_path / LIST).read_text().splitlines()
    listed = dict(reversed(line.split("  ")) for line in lines)
    there = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert set(listed) == there - {LIST}
    for name, digest in listed.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest


def test_csv_and_parquet_say_the_same(tmp_path):
    build_report(make_grid(EFFECTS, anchored=True), tmp_path, None)
    tables = sorted((tmp_path / "tables").glob("*.csv"))
    assert {"runs.csv", "contrasts.csv", "transfer-bare.csv"} <= {path.name for path in tables}
    for path in tables:
        csv = pd.read_csv(path, keep_default_na=False, dtype=str)
        parquet = pd.read_parquet(path.with_suffix(".parquet"))
        assert list(csv.columns) == list(parquet.columns)
        for name in csv.columns:
            if parquet[name].dtype.kind in "if":
                read = csv[name].replace("", "nan").astype(float)
                np.testing.assert_allclose(read, parquet[name].astype(float), err_msg=name)
            else:
                assert list(parquet[name].astype(str)) == list(csv[name]), name


def test_the_table_of_contrasts_has_what_verdicts_count():
    found = findings.study(make_grid(EFFECTS, anchored=True))
    rows = contrasts(found, games(found))
    frame = contrast_table(rows).set_index(["cell", "task"])
    row = frame.loc["bare+spectral_norm", "ring8"]
    effect = found.tasks[1].effects["final"]["bare", "", "spectral_norm"]
    assert found.tasks[1].name == "ring8"
    assert row.effect == effect.value
    assert (row.state, row.failure_mode, row.seeds) == ("better", "mode dropping", 10)
    assert frame.loc["bare+replay", "ring8"].state == "unclear"
    assert frame.loc["bare+harmful", "lqr"].state == "worse"
    runs = run_table(found)
    assert len(runs) == sum(len(record.seeds) for record in found.records)
    assert set(runs.columns) >= {"seed", "status", "score", "normalised", "area", "submission"}


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_figures_for_print_have_no_date_and_name_no_program(kind, tmp_path):
    build_report(make_grid(EFFECTS), tmp_path, None)
    found = sorted((tmp_path / "figures").glob(f"*.{kind}"))
    printed = [path for path in found if not path.name.endswith("-curves.svg")]
    assert [path.stem for path in printed] == ["bases", "effects-bare", "transfer-bare"]
    for path in printed:
        data = path.read_bytes()
        assert b"CreationDate" not in data
        assert b"dc:date" not in data
        assert b"Matplotlib v" not in data
