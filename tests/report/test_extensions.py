"""Extensions: effects by player and by order of play."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from bench.experiment import registry
from bench.report import belonging, extensions, findings, selection
from bench.report.extensions import ALL, NO_EFFECT, SEVERAL
from bench.report.heat_maps import scope_maps
from tests.report.extension_records import extension, games, imitation
from tests.support.factories import make_record


def test_what_acts_on_one_player_is_in_the_column_of_that_player():
    (table,) = games(imitation())["lqr_imitation"].tables
    assert table.scopes == (ALL, "reward", "critic", "actor")
    places = {
        (row, scope): e.key.label for row, es in table.rows.items() for scope, e in es.items()
    }
    assert places["r1", ALL] == "r1"
    assert places["r1", "reward"] == "r1@reward"
    assert places["r1", "critic"] == "r1@critic"
    assert places["weight_decay", "actor"] == "weight_decay@actor"
    assert ("r1", "actor") not in places
    assert len(places) == len(imitation()) - 1, "all cells but the base"
    assert list(table.rows)[-2:] == ["harmful", "placebo"], "controls are last"


@pytest.mark.parametrize(
    ("label", "place"),
    [
        ("r1", ("r1", ALL)),
        ("r1@reward", ("r1", "reward")),
        ("r1@reward~tuned", ("r1~tuned", "reward")),
        ("r1+replay", ("r1+replay", ALL)),
        ("r1@reward+r2@reward", ("r1+r2", "reward")),
        ("r1@reward+r2@critic", ("r1@reward+r2@critic", SEVERAL)),
        ("r1@reward+replay", ("r1@reward+replay", SEVERAL)),
    ],
)
def test_row_and_column_of_a_label(label, place):
    assert extensions.position(label) == place


def test_a_planted_effect_is_found_and_its_mirror_hurts():
    rows = games(imitation())["lqr_imitation"].tables[0].rows
    assert rows["r1"]["reward"].word == "helps"
    assert rows["r1"]["reward"].effect.value > 0.95
    assert rows["r1"]["critic"].word == "hurts"
    assert rows["r1"]["critic"].effect.value < 0.05
    assert {e.word for e in rows["weight_decay"].values()} == {NO_EFFECT}
    assert rows["harmful"][ALL].word == "hurts"
    assert rows["dropout"]["reward"].word == "inert", "whatever its records say"
    assert rows["dropout"]["reward"].effect is None
    assert "hidden layer" in rows["dropout"]["reward"].inert


def test_p_is_adjusted_for_the_table_and_not_for_controls():
    rows = games(imitation())["lqr_imitation"].tables[0].rows
    entries = [entry for found in rows.values() for entry in found.values() if entry.effect]
    for entry in entries:
        assert entry.p_adjusted >= entry.effect.p
        assert not entry.control or entry.p_adjusted == entry.effect.p
    least = max(entries, key=lambda e: -1.0 if e.control else e.effect.p)
    assert least.p_adjusted == pytest.approx(least.effect.p)


def test_an_order_of_play_is_compared_with_its_own_base():
    """At once everything is ten times worse, and r1 helps there; reversed, it has no base."""
    records = [
        extension("lqr_model"),
        extension("lqr_model", "r1"),
        extension("lqr_model", play="simultaneous", mean=10.0),
        extension("lqr_model", "r1", play="simultaneous", mean=10.0, shift=5.0),
        extension("lqr_model", "r1", play="reversed", mean=0.1),
    ]
    game = games(records)["lqr_model"]
    entries = {table.play: table.rows["r1"][ALL] for table in game.tables}
    assert {play: entry.word for play, entry in entries.items()} == {
        "": NO_EFFECT,
        "simultaneous": "helps",
        "reversed": "",
    }
    (orders,) = game.orders
    assert orders.plays == ("", "reversed", "simultaneous")
    assert orders.rows["base"]["simultaneous"].word == "hurts"
    assert orders.rows["r1"]["simultaneous"].word == "hurts"
    assert orders.rows["r1"]["reversed"].word == "helps"
    assert orders.rows["r1"][""].effect is None
    assert "reversed" not in orders.rows["base"]
    assert game.order("") == "given (model first)"
    assert game.order("reversed") == "reversed (actor first)"
    assert game.order("simultaneous") == "simultaneous"
    assert game.order("critic.model.actor") == "critic.model.actor (critic first)"


def test_scores_are_medians_with_failures_counted_as_worst():
    scores = [1.0, 2.0, 3.0, None]
    records = [extension("linear_bi", scores=scores), extension("linear_bi", "r1", scores=scores)]
    ground = games(records)["linear_bi"].tables[0].ground
    assert ground.quartiles == (1.0, 2.5, math.inf)
    higher = [extension("ring8_info", scores=scores, better="higher")]
    assert games(higher)["ring8_info"].tables[0].ground.quartiles == (-math.inf, 1.5, 3.0)


def test_where_a_regulariser_belongs_is_asked_of_games_with_two_critics():
    study = findings.study([*imitation(), *imitation("pendulum_imitation", "reference")])
    (part,) = belonging.belongings(extensions.games(study), study.boot)
    assert part.critics == ("reward", "critic")
    assert part.names == ("reward", "value")
    found = {(row.strategy, row.game): row for row in part.rows}
    assert {strategy for strategy, _ in found} == {"r1", "weight_decay", "dropout"}
    r1 = found["r1", "lqr_imitation"]
    assert r1.direct.word == "helps", "reward is the better place"
    assert [r1.entries[scope].word for scope in ("reward", "critic", ALL)] == [
        "helps",
        "hurts",
        "helps",
    ]
    assert r1.further == ()
    assert found["weight_decay", "lqr_imitation"].further == ("actor",)
    assert found["weight_decay", "lqr_imitation"].direct.word == NO_EFFECT
    assert found["dropout", "lqr_imitation"].direct is None, "inert at both places"
    assert found["dropout", "pendulum_imitation"].direct.word == "helps"


def test_the_code_names_no_task():
    folder = Path(extensions.__file__).parent
    files = [folder / f"{name}.py" for name in ("extensions", "belonging", "heat_maps")]
    files += folder.glob("templates/extensions.*")
    for path in files:
        words = set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
        assert not words & {*registry.tasks()}, path


def test_a_map_is_drawn_only_of_effects_and_wide_ones_are_split():
    assert scope_maps(tuple(games([extension("lqr_model")]).values()), "bare") == []
    names = [n for n, t in registry.tasks().items() if t.domain == findings.EXTENSION]
    many = [
        extension(name, label, n=2)
        for name in names
        for label in (None, "r1", *(f"weight_decay@{p}" for p in registry.task(name).players))
    ]
    found = tuple(games(many).values())
    assert len(scope_maps(found, "bare")) > 1
    assert scope_maps(found, "reference") == []


def test_a_record_in_another_order_never_decides_how_its_task_is_scored():
    other = extension("ring8", play="reversed", better="higher")
    plain = make_record()
    kept, ignored = selection.one_per_cell([other, plain])
    assert kept == [plain]
    assert [why for _, why in ignored] == ["scored differently than ring8/bare"]
    good = extension("ring8", play="reversed")
    assert selection.one_per_cell([good, plain])[0] == [plain, good]
