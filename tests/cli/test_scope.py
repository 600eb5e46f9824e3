"""Strategies on one player and orders of play, from the command line to records and back."""

import json
from pathlib import Path

import pytest

from bench.contribute import examine
from bench.experiment.cell import Cell
from bench.experiment.spec import spec_hash
from bench.learner.strategy import Conflict
from bench.records import store
from bench.records.json_file import CorruptRecord
from bench.records.record import Record
from bench.tasks.family.point import PointGame
from tests.support.factories import make_record
from tests.support.fakes import bench
from tests.support.small import SMALL, found_files, one_error, records

ORDERS = "given,simultaneous,actor.critic"
NEW = {
    "dirac/bare+r1@critic": ("r1@critic", ""),
    "dirac/bare+r1@critic=reversed": ("r1@critic", "reversed"),
    "dirac/bare+r1@critic=simultaneous": ("r1@critic", "simultaneous"),
    "dirac/bare=reversed": (None, "reversed"),
    "dirac/bare=simultaneous": (None, "simultaneous"),
}


def test_a_run_keeps_scopes_and_orders_in_records_that_are_valid(small, training, capsys):
    arguments = ("--strategies", "r1@critic", "--play", ORDERS, "--seeds", "2")
    assert small(*arguments) == 0
    made = records()
    assert len(made) == 3 * 4  # with the controls
    for name, (strategy, play) in NEW.items():
        found = made[name]
        assert (found.strategy, found.play) == (strategy, play)
        assert found.settings == ({strategy: {"gamma": 1.0}} if strategy else {})
        assert found.origin == Cell.parse(name)
        assert found.provenance.spec == spec_hash(found.origin)
        assert Path(f"results/2/local/{name}.json").is_file()
        assert Path(f"results/logs/2/local/{name}.log").is_file()
        assert Path(f"results/actors/2/local/{name}.npz").is_file()
    assert bench("validate", "results") == 0
    training.calls.clear()
    capsys.readouterr()
    assert small(*arguments) == 0
    assert training.calls == []
    assert "0 cells to run, 12 already have records" in capsys.readouterr().out
    assert bench("status") == 0


def test_a_search_of_a_scope_in_another_order_is_found_again(small, training):
    """`tune` itself needs Ray; the search is made here, as planned."""
    from bench.engine.trial import run
    from bench.engine.tune_plan import Rules, RunOptions, chosen, plan_searches
    from bench.engine.tune_results import SearchWriter

    cell, folder = Cell("dirac", "bare", "r1@critic", play="reversed"), Path("results/2/local")
    plan = plan_searches([cell], folder, Rules(2, seeds=1), RunOptions())
    write = SearchWriter()
    for job in plan.jobs:
        write(job, run(job), [])
    (file,) = folder.rglob("*.search.json")
    assert file.name == "bare+r1@critic=reversed.search.json"
    assert bench("validate", "results") == 0
    (tuned,), lacking = chosen([cell], folder)
    assert (tuned.name, lacking) == ("bare+r1@critic=reversed~tuned", [])
    assert tuned.settings().keys() == {"r1@critic"}
    assert small("--strategies", "r1@critic", "--play", "reversed", "--settings", "tuned") == 0
    assert records()["dirac/bare+r1@critic=reversed~tuned"].settings == tuned.settings()
    assert bench("validate", "results") == 0


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"play": "actor.critic"}, "its order of play is 'reversed'"),
        ({"play": "critic.actor"}, "its order of play is 'given'"),
        ({"play": "simultaneous"}, "made by other code, settings or data"),
        ({"play": "actor"}, "'actor' is no order of play of dirac"),
        ({"strategy": "r1@actor"}, "r1 cannot act on actor; choose critic; the players of dirac"),
        ({"strategy": "r1@reward"}, "dirac has no player 'reward'; its players are critic, actor"),
        ({"strategy": "td3@critic"}, "'td3' is a kit, which has no player"),
        ({"strategy": "r1"}, "made by other code, settings or data"),
        ({"strategy": "consensus"}, "consensus decides the order of play itself"),
    ],
)
def test_a_record_of_another_scope_or_order_is_not_valid(small, capsys, change, problem):
    assert small("--strategies", "r1@critic", "--play", "reversed", "--seeds", "1") == 0
    path = Path("results/2/local/dirac/bare+r1@critic=reversed.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    capsys.readouterr()
    assert bench("validate", path) == 2
    assert problem in capsys.readouterr().err


def test_records_made_before_there_were_orders_are_read(tmp_path):
    raw = make_record(strategy="r1").model_dump(mode="json")
    assert raw.pop("play") == ""
    assert Record.model_validate(raw).origin == Cell("ring8", "bare", "r1")


@pytest.mark.parametrize(
    "change",
    [
        *(
            {"strategy": text}
            for text in ("r1@", "@critic", "r1@9", "r1@a@b", "r1@critic=reversed")
        ),
        *({"play": text} for text in ("9", "a.", ".a", "a b", "../a", "a=b", None)),
    ],
)
def test_names_that_no_cell_can_have_are_corrupt(tmp_path, change):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(make_record(strategy="r1").model_dump(mode="json") | change))
    with pytest.raises(CorruptRecord, match=f"{next(iter(change))}: "):
        store.read(path)


BAD = {
    "player": (["--strategies", "r1@reward"], "dirac has no player 'reward'; its players are cri"),
    "role": (["--strategies", "r1@actor"], "r1 cannot act on actor; choose critic; the players o"),
    "owner": (["--strategies", "unrolled@actor"], "unrolled cannot be restricted to actor: leave"),
    "kit": (["--strategies", "td3@critic"], "'td3' is a kit, which has no player; restrict its s"),
    "number": (["--strategies", "r1@900"], "'r1@900' is no strategy; write NAME@PLAYER"),
    "each of nobody": (["--strategies", "r1@each", "--updates", "9"], "no task here has two play"),
    "twice": (["--strategies", "r1+r1@critic"], "r1 and r1@critic: one contains the other"),
    "order": (["--play", "backwards"], "'backwards' is no order of play of dirac; write given, s"),
    "players": (["--play", "given,critic.reward"], "'critic.reward' is no order of play of dirac"),
    "no order": (["--play", ""], "play is empty; name at least one order of play"),
    "integrator": (
        ["--strategies", "consensus", "--play", "reversed"],
        "consensus decides the order of play itself; leave out consensus, or the order reversed",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_there_is_one_line_and_leaves_nothing(small, training, capsys, case):
    arguments, message = BAD[case]
    assert small(*arguments) == 2
    assert one_error(capsys).startswith(message)
    assert training.calls == []
    assert found_files() == []


def test_nothing_is_lost_by_a_wrong_name(small, training, capsys):
    assert small("--strategies", "r1@critic", "--seeds", "1") == 0
    before = {path: path.read_bytes() for path in found_files()}
    for arguments, _ in BAD.values():
        assert small(*arguments) == 2
    assert {path: path.read_bytes() for path in found_files()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "dirac/bare+r1@reward"], "dirac has no player 'reward'; its players are critic"),
        (["show", "dirac/bare=actor.critic"], "'dirac/bare=actor.critic' is no cell; did you mea"),
        (["show", "dirac/bare+r1@critic=reversed"], "there is no record results/2/local/dirac/ba"),
        (["check", "r1@reward", "--tasks", "dirac"], "dirac has no player 'reward'; its players"),
        (["check", "r1@actor"], "r1 cannot act on actor; choose critic; the players of "),
        (["check", "td3@critic"], "'td3' is a kit, which has no player"),
        (["check", "unrolled@actor"], "unrolled cannot be restricted to actor: leave @actor out"),
    ],
)
def test_other_commands_say_the_same(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert bench(*arguments) == 2
    assert one_error(capsys).startswith(message)


def test_show_draws_a_scope_in_another_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(PointGame, "updates", 20)
    more = ("--strategies", "r1@critic", "--play", "reversed", "--seeds", "1")
    assert bench("run", *SMALL, *more) == 0
    capsys.readouterr()
    assert bench("show", "dirac/bare+r1@critic=reversed") == 0
    assert capsys.readouterr().out == "dirac-bare+r1-critic-reversed.png\n"


def test_check_examines_a_strategy_on_one_player(monkeypatch, capsys):
    monkeypatch.setattr(examine, "_check_fact", lambda entry, found: None)
    command = ("--tasks", "lqr_imitation")
    assert bench("check", "target_network@critic", *command) == 0
    out = capsys.readouterr().out
    assert out.startswith("target_network@critic on lqr_imitation:\n")
    assert "fails" not in out
    assert "inert" not in out
    assert bench("check", "target_network@reward", *command) == 0
    assert "inert on lqr_imitation: the discount is 0" in capsys.readouterr().out


def test_a_strategy_on_one_player_is_examined_on_tasks_that_have_it():
    able = examine.representatives("r1@reward")
    assert "lqr_imitation" in able
    assert "ring8" not in able
    assert set(able) < set(examine.representatives("r1@critic"))
    assert examine.representatives("r1") == examine.representatives()
    with pytest.raises(Conflict, match="has no player 'nobody'; its players are"):
        examine.representatives("r1@nobody")


def test_lists_name_players(capsys):
    assert bench("list", "tasks", "--json") == 0
    rows = {row["name"]: row["players"] for row in json.loads(capsys.readouterr().out)}
    assert rows["ring8"] == ["critic", "actor"]
    assert rows["lqr_imitation"] == ["reward", "critic", "actor"]
