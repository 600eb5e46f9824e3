"""One strategy in place of another, from the command line to records and back."""

import json
from pathlib import Path

import pytest

from bench.cli import listing
from bench.engine.trial import run
from bench.engine.tune_plan import Rules, RunOptions, chosen, plan_searches
from bench.engine.tune_results import SearchWriter
from bench.experiment.cell import Cell
from bench.experiment.spec import spec_hash
from bench.records import search_store
from bench.records.record import Record
from tests.support.factories import make_record
from tests.support.fakes import bench
from tests.support.searches import tell_apart
from tests.support.small import one_error, records

RUN = ("run", "--engine", "serial", "--tasks", "ring8,lqr", "--base", "reference", "--seeds", "2")
BOTH = ("ring8/reference+gradient_penalty", "ring8/reference-r1+gradient_penalty")


def planned(capsys, *arguments) -> set[str]:
    assert bench(*RUN, *arguments, "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    found = {line.split()[2].rstrip(":") for line in lines if line.startswith("to run ")}
    return {name for name in found if "gradient_penalty" in name}


def test_a_dry_run_shows_both(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    added, placed = BOTH
    rl = "lqr/reference+gradient_penalty"
    assert planned(capsys, "--strategies", "gradient_penalty") == {added, placed, rl}
    assert planned(capsys, "--strategies", "gradient_penalty-r1") == {placed, rl}
    assert planned(capsys, "--strategies=-r1+gradient_penalty") == {placed, rl}
    narrow = ("--strategies", "gradient_penalty", "--contrasts")
    assert planned(capsys, *narrow, "added,removed") == {added, rl}
    assert planned(capsys, *narrow, "in-place-of") == {placed}
    assert list(tmp_path.iterdir()) == []


def test_a_grid_file_may_narrow_the_contrasts(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (
        "about: a\ntasks: ring8\nstrategies: [gradient_penalty, r2-r1]\nbases: [reference]\n"
        "contrasts: [in-place-of]\n"
    )
    (tmp_path / "my.yaml").write_text(text)
    assert bench("run", "--grid", "my.yaml", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "ring8/reference-r1+r2" in out
    assert BOTH[1] in out
    assert BOTH[0] not in out
    (tmp_path / "my.yaml").write_text(text.replace("in-place-of", "swapped"))
    assert bench("run", "--grid", "my.yaml", "--dry-run") == 2
    assert "my.yaml, line 5: unknown contrast 'swapped'" in one_error(capsys)


def test_a_run_keeps_it_in_records_that_are_valid(tmp_path, monkeypatch, training, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = (*RUN, "--strategies", "gradient_penalty")
    assert bench(*arguments) == 0
    added, placed = (records()[name] for name in BOTH)
    assert (added.contrast, added.instead_of) == ("added", None)
    assert (placed.contrast, placed.instead_of) == ("in place of", "r1")
    assert placed.strategy == added.strategy == "gradient_penalty"
    assert placed.settings.keys() == {"low_beta1", "gradient_penalty"}
    assert placed.origin == Cell.parse(BOTH[1])
    assert placed.provenance.spec == spec_hash(placed.origin) != added.provenance.spec
    assert bench("validate", "results") == 0
    training.calls.clear()
    capsys.readouterr()
    assert bench(*arguments) == 0
    assert training.calls == []
    assert "0 cells to run, 9 already have records" in capsys.readouterr().out
    assert bench("status") == 0
    assert bench("report", "--out", "page") == 0
    assert "gradient_penalty (in place of r1)" in (tmp_path / "page" / "index.html").read_text()


@pytest.mark.parametrize("field", ["r1@critic+", "R1", "../r1", "r1-r2", 3])
def test_a_record_names_strategies_and_nothing_else(field):
    raw = json.loads(
        make_record(base="reference", strategy="r2", instead_of="r1").model_dump_json()
    )
    assert Record.model_validate(raw).instead_of == "r1"
    with pytest.raises(ValueError, match="instead_of"):
        Record.model_validate(raw | {"instead_of": field})


def test_records_from_before_are_read_as_they_were():
    raw = json.loads(make_record(strategy="r1").model_dump_json())
    del raw["instead_of"]
    assert Record.model_validate(raw) == make_record(strategy="r1")


def test_showing_a_cell_that_was_not_run_or_is_none(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert bench("show", BOTH[1]) == 2
    assert one_error(capsys).startswith("there is no record results/2/local/ring8/reference-r1+gr")
    assert bench("show", "ring8/reference-replay+r2") == 2
    assert "has no replay to remove: it has low_beta1, r1" in one_error(capsys)


def test_a_search_is_kept_and_found_again(tmp_path, training, monkeypatch):
    """`tune` itself needs Ray; the search is made here, as planned."""
    monkeypatch.chdir(tmp_path)
    cell, folder = Cell.parse(BOTH[1]), Path("results/2/local")
    write = SearchWriter()
    for job in plan_searches([cell], folder, Rules(2, seeds=1), RunOptions()).jobs:
        write(job, run(job), [])
    ((file, found),) = search_store.walk(folder)
    tell_apart(file)
    assert file.name == "reference-r1+gradient_penalty.search.json"
    assert (found.origin, found.instead_of) == (cell, "r1")
    assert bench("validate", "results") == 0
    (settled,), lacking = chosen([cell], folder)
    assert (settled.name, lacking) == ("reference-r1+gradient_penalty~tuned", [])
    assert bench(*RUN, "--strategies", "gradient_penalty-r1", "--settings", "tuned") == 3
    assert records()[f"{BOTH[1]}~tuned"].origin == settled
    assert bench("validate", "results") == 0


def test_lists_for_programs_have_the_alternatives(capsys):
    assert bench("list", "strategies", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["gradient_penalty"]["instead_of"] == ["r1"]
    assert rows["r1"]["instead_of"] == []
    assert "instead_of" in listing.LEFT_OUT
