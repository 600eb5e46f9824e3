"""The settings that a search tries, and their order."""

from __future__ import annotations

from itertools import islice

import pytest

from bench.experiment.cell import Cell, flat
from bench.experiment.grid import load_grid
from bench.experiment.kits import KITS
from bench.records.search import Candidate, SearchEvaluation
from bench.records.search_space import choice_text, contains, draws, search_space, searched, size

CORE = load_grid("core")
SEARCHED = [
    cell
    for base in ("bare", "reference")
    for cell in CORE.narrowed(None, (*CORE.strategies, *KITS), (base,), None).cells()
    if search_space(cell)
]


MANY = 150
"""More than any search may try; most spaces are smaller, and drawn whole."""


@pytest.mark.parametrize("cell", SEARCHED, ids=lambda cell: f"{cell.task}/{cell.name}")
def test_draws_are_the_published_settings_and_then_the_space_once_each(cell: Cell) -> None:
    within = search_space(cell)
    every = list(islice(draws(cell, within), MANY))
    assert every[0] == searched(cell.settings(), within)
    assert len({flat(settings) for settings in every}) == len(every)
    assert len(every) == min(MANY, size(within))
    assert all(contains(within, settings) for settings in every)
    assert list(islice(draws(cell, within), 2)) == every[:2]  # a larger budget goes on
    for settings in every[:9]:  # and every one of them can be built, told and written
        cell.varied("1", settings).learner().blueprint  # noqa: B018
        assert choice_text(settings).count(" ") >= 1
        curve = [SearchEvaluation.of(50, [1.0])]
        tried = Candidate(
            number=0, settings=settings, status="finished", curve=curve, seconds=1.0, attempts=[]
        )
        assert Candidate.model_validate_json(tried.model_dump_json()) == tried


def test_all_tasks_try_the_same_settings_in_the_same_order() -> None:
    """Where the published ones are the same."""
    orders = []
    for task in ("ring8", "pendulum", "digits"):
        cell = Cell(task, "bare", "lecam+r1")
        orders.append(list(draws(cell, search_space(cell))))
    assert orders[0] == orders[1] == orders[2]
    assert len(orders[0]) == 4 * 4


def test_few_tries_move_one_setting_each_and_what_is_added_first() -> None:
    """All other values of R1's gamma, among six tries where the kit has a dozen combinations."""
    cell = Cell("pendulum", "reference", "r1")
    published, *others = islice(draws(cell, search_space(cell)), 6)
    moved = [
        next(name for name, own in settings.items() if own != published[name])
        for settings in others
    ]
    assert [name == "r1" for name in moved] == [True, False, True, False, True]
    assert {settings["r1"]["gamma"] for settings in others} == {0.01, 0.1, 1.0, 10.0}
    rest = list(draws(cell, search_space(cell)))
    distances = [sum(own != published[name] for name, own in each.items()) for each in rest]
    assert distances == sorted(distances)
    assert distances[-1] == 3


def test_what_a_cell_has_without_a_search_is_among_the_values() -> None:
    """Declared or not, as it differs between domains; all others are each one setting away."""
    cell = Cell("ring8", "reference", "lagged_critic")  # tau 0.05 in GANs
    within = search_space(cell)
    assert within["lagged_critic"] == {"tau": [0.005, 0.02, 0.05, 0.1, 0.5]}
    published, *others = draws(cell, within)
    assert published["lagged_critic"] == {"tau": 0.05}
    moved = [s for s in others if s["lagged_critic"] != published["lagged_critic"]]
    first = [s["lagged_critic"]["tau"] for s in moved if s["r1"] == published["r1"]][:4]
    assert sorted(first) == [0.005, 0.02, 0.1, 0.5]
    assert len(others) + 1 == 5 * 8 == size(within)


@pytest.mark.parametrize(
    ("cell", "searched_of"),
    [
        (Cell("ring8", "bare"), ""),
        (Cell("ring8", "bare", "layer_norm"), ""),  # has no settings
        (Cell("ring8", "bare", "placebo"), ""),
        (Cell("ring8", "reference", "placebo"), ""),  # must stay its base
        (Cell("ring8", "reference", "target_network"), ""),  # inert, so it is its base
        (Cell("ring8", "reference"), "low_beta1 r1"),
        (Cell("ring8", "reference", "r1"), "low_beta1"),  # removed
        (Cell("ring8", "reference", "layer_norm"), "low_beta1 r1"),
        (Cell("ring8", "reference", "lecam"), "lecam low_beta1 r1"),
        (Cell("ring8", "reference", "lecam+target_network"), "lecam low_beta1 r1"),
        (Cell("ring8", "reference", "dragan", instead_of="r1"), "dragan low_beta1"),
        (Cell("pendulum", "reference"), "replay target_network"),
        (Cell("pendulum", "bare", "ddpg"), "replay target_network"),
        (Cell("pendulum", "reference", "huber"), "huber replay target_network"),
    ],
    ids=lambda value: f"{value.task}/{value.name}" if isinstance(value, Cell) else "",
)
def test_a_cell_is_searched_over_the_settings_of_all_its_strategies(cell, searched_of) -> None:
    """So a base is tuned as what is built on it is."""
    assert sorted(search_space(cell)) == searched_of.split()


def test_what_can_change_nothing_is_not_searched() -> None:
    """A target network where the discount is 0, alone and in a kit."""
    assert search_space(Cell("ring8", "bare", "target_network")) == {}
    assert search_space(Cell("ring8", "bare", "ddpg")).keys() == {"replay"}
