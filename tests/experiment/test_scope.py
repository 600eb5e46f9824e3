"""Strategies on one player, and orders of play: their names, settings, hashes and numbers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.contribute.strategy_checks import rollout, same
from bench.engine.plan import check
from bench.experiment import costs, play, registry
from bench.experiment.cell import BadGrid, Cell
from bench.experiment.kits import REFERENCE, reference
from bench.experiment.registry import UnknownName
from bench.experiment.spec import roots, spec_hash
from bench.learner import integrators
from bench.learner.learner import Learner
from bench.learner.strategy import Conflict, combine
from bench.records.search_space import draws, search_space, value_counts
from tests.support.closed_form import STEP, run, update_matrix

THREE = "lqr_imitation"  # reward, critic and actor, in this order
KIT = ("replay", "target_network")

CELLS = {
    "lqr_imitation/reference+r1@reward": ("r1@reward", *KIT),
    "lqr_imitation/bare+r1@reward+replay": ("r1@reward", "replay"),
    "lqr_imitation/bare+r1@critic+r1@reward": ("r1@critic", "r1@reward"),
    "lqr_imitation/bare+r1@reward@900~tuned": ("r1@reward",),
    "lqr_imitation/bare+r1@reward=simultaneous@900": ("r1@reward",),
    "lqr_imitation/bare+r1@reward=actor.reward.critic~tuned": ("r1@reward",),
    "lqr_imitation/bare+ddpg+r1@reward": ("r1@reward", *KIT),
    "lqr_imitation/reference-replay=reversed@9~tuned": KIT[1:],
    "lqr_imitation/bare=actor.reward.critic": (),
    "lqr_imitation/bare=simultaneous@7": (),
    "ring8/bare+spectral_norm@critic=reversed": ("spectral_norm@critic",),
    "ring8/bare+ttur@actor": ("ttur@actor",),
    "ring8/bare+r1@900": ("r1",),
}


@pytest.mark.parametrize("text", CELLS)
def test_a_cell_is_read_from_its_name(text: str) -> None:
    cell = Cell.parse(text)
    assert f"{cell.task}/{cell.name}" == text
    assert cell.strategies == tuple(sorted(CELLS[text]))
    assert cell.settings().keys() == set(CELLS[text])
    parts = cell.learner().plan.parts.values()
    assert {part.name for each in parts for part in each} == set(CELLS[text])
    assert cell == Cell.parse(f"{text}.json")
    assert str(cell.updates or "") in text


WRONG = [
    ("ring8/bare+r1@reward", "ring8 has no player 'reward'; its players are critic, actor"),
    ("ring8/bare+r1@actor", "r1 cannot act on actor; choose critic; the players of ring8 are "),
    ("ring8/bare+r1@each", "ring8 has no player 'each'; its players are critic, actor"),
    ("lqr_imitation/bare+r1@model", "no player 'model'; its players are reward, critic, actor"),
    ("lqr_imitation/bare+r1@actor", "r1 cannot act on actor; choose reward or critic"),
    ("ring8/bare+extragradient@critic", "leave @critic out; the players of ring8 are critic, act"),
    ("ring8/bare+actor_ema@actor", "leave @actor out; the players of ring8 are critic, actor"),
    ("ring8/bare+td3@critic", "'td3' is a kit, which has no player; restrict its strategies: cri"),
    ("ring8/bare+r11@critic", "unknown strategy 'r11'; did you mean 'r1'?"),
    ("ring8/bare+r1@", "'r1@' is no strategy; write NAME@PLAYER, as in r1@critic"),
    ("ring8/bare+@critic", "'@critic' is no strategy; write NAME@PLAYER"),
    ("ring8/bare+r1@critic@x", "'r1@critic@x' is no strategy; write NAME@PLAYER"),
    ("ring8/bare+r1@9@critic", "'r1@9@critic' is no strategy; write NAME@PLAYER"),
    ("ring8/bare+r1@critic@09", "did you mean ring8/bare+r1@critic@9?"),
    ("ring8/bare=critic.actor", "did you mean ring8/bare?"),
    ("ring8/bare+r1=given", "did you mean ring8/bare+r1?"),
    ("ring8/bare+r1=actor.critic@9", "did you mean ring8/bare+r1=reversed@9?"),
    ("ring8/bare@9=reversed", "is no cell; write TASK/CELL"),
    ("ring8/bare=", "is no cell; write TASK/CELL"),
    ("ring8/bare=critic", "'critic' is no order of play of ring8; write given, simultaneous, rev"),
    ("ring8/bare=reverse", "or all its players: critic.actor"),
    ("ring8/bare=critic.critic.actor", "is no order of play of ring8"),
    ("lqr_imitation/reference-replay@critic", "mean lqr_imitation/reference+replay@critic?"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_name_is_one_line_that_says_what_there_is(text: str, message: str) -> None:
    with pytest.raises((BadGrid, UnknownName, Conflict)) as error:
        Cell.parse(text)
    assert message in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (Cell("ring8", "bare", "r1+r1@critic"), "r1 and r1@critic: one contains the other"),
        (Cell("ring8", "reference", "r1@critic"), "r1 and r1@critic: one contains the other"),
        (Cell("ring8", "bare", "r1@critic+r1@critic"), "r1@critic is given twice"),
        (Cell("ring8", "bare", "consensus", play="reversed"), "consensus decides the order of pl"),
        (Cell("ring8", "bare", "unrolled", play="simultaneous"), "leave out unrolled, or the ord"),
    ],
)
def test_what_cannot_be_together_is_a_conflict(cell: Cell, message: str) -> None:
    with pytest.raises(Conflict, match=message):
        check([cell], 2)


def test_hashes_tell_scopes_and_orders_apart_and_no_other_cell_moves() -> None:
    rows = [None, "r1", "r1@critic", "r1@reward", "r1@critic+r1@reward", "dropout@reward"]
    orders = ["", "simultaneous", "reversed", "actor.reward.critic"]
    cells = [Cell(THREE, "bare", row, play=order) for row in rows for order in orders]
    assert len({spec_hash(cell) for cell in cells}) == len(cells)
    assert roots(Cell(THREE, "bare", "r1@reward")) == roots(Cell(THREE, "bare", "r1"))


def test_an_order_is_hashed_only_if_it_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    monkeypatch.setattr("json.dumps", lambda parts, **rest: hashed.append(parts) or "")
    for order in ("", "reversed"):
        spec_hash(Cell("ring8", "bare", "r1", play=order))
    assert [parts.get("play") for parts in hashed] == [None, "reversed"]
    assert hashed[0].keys() == {"protocol", "settings", "code", "data"}


@pytest.mark.parametrize("name", ["r1", "gradient_penalty", "spectral_norm"])
def test_a_scope_on_the_only_critic_trains_bit_for_bit_the_same(name: str) -> None:
    ends = []
    for strategy in (name, f"{name}@critic"):
        learner = Cell("ring8", "bare", strategy).learner()
        assert {p.name for parts in learner.plan.parts.values() for p in parts} == {strategy}
        ends.append(rollout(learner, [0, 1], 20)[-1].players)
    assert same(*ends)
    assert not same(ends[0], rollout(Cell("ring8", "bare").learner(), [0, 1], 20)[-1].players)


def rates(cell: Cell) -> dict[str, float]:
    players = cell.learner().blueprint.players
    return {name: player.optimizer.lr for name, player in players.items()}


def test_scopes_act_on_their_player_alone() -> None:
    """Two time scales: the learning rates of all players."""
    plain, reward, critic, actor, both = (
        rates(Cell(THREE, "bare", row))
        for row in (None, "ttur@reward", "ttur@critic", "ttur@actor", "ttur")
    )
    lr = plain["actor"]
    assert plain == dict.fromkeys(("reward", "critic", "actor"), lr)
    assert reward == plain | {"reward": 3.0 * lr}
    assert critic == plain | {"critic": 3.0 * lr}
    assert actor == plain | {"actor": 3.0 * lr}
    assert both == plain | {"reward": 3.0 * lr, "critic": 3.0 * lr}


def test_settings_do_not_depend_on_the_player() -> None:
    """Places are compared at one setting; the game's kinds say whose published ones it has."""
    row = "dropout@critic+dropout@reward"
    settings = Cell(THREE, "bare", row).settings()
    whole = Cell(THREE, "bare", "dropout").settings()["dropout"]
    assert settings["dropout@reward"] == settings["dropout@critic"] == whole


@pytest.mark.parametrize(
    ("game", "like"),
    [
        ("ring8_info", "ring8"),
        ("ring8_conditional", "ring8"),
        ("linear_bi", "ring8"),
        ("digits_info", "digits"),
        ("digits_vae", "digits"),
        ("digits_aae", "digits"),
        ("lqr_imitation", "lqr"),
        ("lqr_model", "lqr"),
        ("pendulum_imitation", "pendulum"),
        ("lqr", "pendulum"),
        ("inverted_pendulum", "pendulum"),
    ],
)
def test_extensions_and_games_take_the_published_settings_of_their_field(
    game: str, like: str
) -> None:
    for entry in registry.strategies().values():
        one, other = (entry.defaults(registry.task(name)) for name in (game, like))
        assert one == other, entry.name


def test_settings_are_given_by_the_full_name() -> None:
    cell = Cell(THREE, "bare", "ttur@actor+ttur@reward")
    found = rates(cell.varied("1", {"ttur@reward": {"ratio": 5.0}}))
    assert found["reward"] == 5.0 * found["critic"]
    assert found["actor"] == 3.0 * found["critic"]
    with pytest.raises(BadGrid, match="has no setting ratio of ttur"):
        Cell(THREE, "bare", "ttur@reward").varied("1", {"ttur": {"ratio": 5.0}})


def test_a_scope_costs_what_the_strategy_costs() -> None:
    task = registry.task(THREE)
    assert costs.of("r1@reward") == costs.of("r1")
    assert costs.cell(["r1@reward"], task) == costs.cell(["r1"], task) > 1.0


def test_searches_know_scopes() -> None:
    cell = Cell(THREE, "bare", "r1@reward+ttur@actor", play="reversed")
    space = search_space(cell)
    assert space["r1@reward"] == search_space(Cell(THREE, "bare", "r1"))["r1"]
    assert value_counts(space) == {"r1@reward.gamma": 4, "ttur@actor.ratio": 3}
    assert len(list(draws(cell, space))) == 12
    # `reward` looks at no next value, `critic` does.
    assert search_space(Cell(THREE, "bare", "target_network@reward")) == {}
    assert search_space(Cell(THREE, "bare", "target_network@critic")) != {}


@pytest.mark.parametrize(
    ("task", "strategies"),
    [
        *((THREE, KIT), ("ring8", ("low_beta1", "r1")), ("pendulum", KIT), ("dirac", ())),
        *(("lqr_model", ()), ("ring8_info", ()), ("lqr", KIT), ("inverted_pendulum", KIT)),
    ],
)
def test_the_reference_is_the_tasks_own_or_its_domains(task: str, strategies: tuple) -> None:
    assert reference(registry.task(task)) == strategies
    assert Cell(task, "reference").strategies == tuple(sorted(strategies))
    assert REFERENCE["pendulum_imitation"] == KIT


@pytest.mark.usefixtures("float64")
def test_reversed_on_dirac_the_actor_moves_first() -> None:
    # theta' = theta + h/2 psi, then psi' = psi - h/2 theta', to first order.
    h = STEP
    matrix = update_matrix(Cell("dirac", "bare", play="reversed").learner())
    assert matrix == pytest.approx(np.array([[1, h / 2], [-h / 2, 1 - h**2 / 4]]), abs=1e-6)

    def points(order: str) -> list[tuple[float, float]]:
        states, _ = run(Cell("dirac", "bare", play=order).learner(), 2)
        players = [(state.players.actor, state.players.critic) for state in states]
        return [tuple(float(next(iter(p.values()))) for p in pair) for pair in players]

    def sigmoid(x: float) -> float:
        return 1.0 / (1.0 + np.exp(-x))

    for order in ("reversed", ""):
        (theta, psi), *later = points(order)
        by_hand = []
        for _ in range(2):
            if order == "":
                psi -= h * theta * sigmoid(psi * theta)
            theta += h * psi * sigmoid(-psi * theta)
            if order == "reversed":
                psi -= h * theta * sigmoid(psi * theta)
            by_hand.append((theta, psi))
        assert np.array(later) == pytest.approx(np.array(by_hand), abs=1e-12)


@pytest.mark.parametrize("task", ["dirac", THREE])
def test_simultaneous_is_the_integrator(task: str) -> None:
    ours = Cell(task, "bare", "r1", play="simultaneous").learner()
    plan = combine([registry.strategy("r1").build(registry.task(task))])
    theirs = Learner(registry.task(task), plan, integrators.simultaneous)
    one, other = (rollout(each, [0], 3)[-1].players for each in (ours, theirs))
    assert same(one, other)
    assert not same(one, rollout(Cell(task, "bare", "r1").learner(), [0], 3)[-1].players)


@pytest.mark.parametrize(
    ("text", "normal", "order"),
    [
        *(("given", "", ()), ("", "", ()), ("reward.critic.actor", "", ())),
        ("reversed", "reversed", ("actor", "critic", "reward")),
        ("actor.critic.reward", "reversed", ("actor", "critic", "reward")),
        ("simultaneous", "simultaneous", ()),
        ("actor.reward.critic", "actor.reward.critic", ("actor", "reward", "critic")),
    ],
)
def test_an_order_is_written_in_one_way_and_taken(text: str, normal: str, order: tuple) -> None:
    task, seen = registry.task(THREE), []
    assert play.normal(text, task) == normal
    assert play.order(normal, task) == order
    learner = Cell(THREE, "bare", play=normal).learner()
    whole = learner.default_integrator

    def spy(state, grad_fn, apply_gradients, players):
        seen.append(players)
        return whole(state, grad_fn, apply_gradients, players)

    with torch.no_grad():
        rollout(replace(learner, default_integrator=spy), [0], 1)
    assert seen == [order or ("reward", "critic", "actor")]
