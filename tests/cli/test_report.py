"""`report` where there is little or nothing to report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.records import search_store
from tests.records.test_search import candidate, make_search
from tests.support.fakes import bench
from tests.support.small import one_error


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("nothing", "no records in results/2; run `python -m bench run` first"),
        ("an empty folder", "there are no records in results/2; run a grid first"),
        (
            "custom numbers of updates",
            "nothing in results/2 can be reported (3 files: a custom number of updates (--updates)",
        ),
        ("only searches", "there are only searches in results/2; run a grid first"),
        (
            "another protocol",
            "nothing in results/2 can be reported (3 files: protocol 0, not 2); run a grid",
        ),
        (
            "a placebo that moved",
            "local/dirac/bare+placebo differs from its base, which a",
        ),
        ("a torn record", "results/2/local/dirac/bare+harmful.json: not a record"),
    ],
)
@pytest.mark.parametrize("name", ["local", "someone"])
def test_what_cannot_be_reported_is_said_in_one_line(small, capsys, what, reason, name) -> None:
    """Whether the files are one's own or another's."""
    folder = Path("results/2/local")
    if what == "an empty folder":
        folder.mkdir(parents=True)
    elif what != "nothing":
        small("--seeds", "2", *(("--updates", "50") if what.startswith("custom") else ()))
    if what == "custom numbers of updates":
        small("--seeds", "2", "--updates", "50", "--strategies", "r1,replay")
    for path in list(folder.rglob("*.json")):
        if what == "only searches":
            path.unlink()
        elif what == "another protocol":
            raw = json.loads(path.read_text()) | {"protocol_version": "0"}
            path.write_text(json.dumps(raw))
        elif what == "a placebo that moved" and "placebo" in path.name:
            raw = json.loads(path.read_text())
            raw["seeds"][1]["curve"][-1]["metrics"]["distance"] += 1e-9
            path.write_text(json.dumps(raw))
        elif what == "a torn record":
            path.write_text(path.read_text()[:100])
    if what == "only searches":
        search_store.write(folder / "dirac" / "bare+r1.search.json", make_search(candidate(0, 0.8)))
    if name == "someone" and folder.exists():
        folder.rename(folder.with_name("someone"))
        reason = reason.replace("local/", "someone/")
    capsys.readouterr()
    assert bench("report", "--out", "page") == 2
    said = one_error(capsys)
    assert said.startswith(reason)
    assert len(said.splitlines()) == 1
    assert not Path("page/index.html").exists()


def test_another_order_of_play_is_reported_apart_from_the_task(small, capsys) -> None:
    small("--seeds", "2")
    small("--seeds", "2", "--play", "simultaneous")
    capsys.readouterr()
    assert bench("report", "--out", "page") == 0
    assert capsys.readouterr().out == "6 cells measured here: page/index.html\n"
    own, apart = (
        Path("page/tables", name).read_text() for name in ("task-dirac.csv", "extension-orders.csv")
    )
    assert "simultaneous" not in own
    assert apart.count("--base bare --seeds 2 --play simultaneous\n") == 3
    page = Path("page/extensions.html").read_text()
    assert "Extensions: games of more than two players" in page
    assert "extensions.html" in Path("page/index.html").read_text()
