"""Known answers of the extension games, and the traps on the way to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bench.functional import rng
from bench.learner.forward import Forward
from bench.scoring import digits_classifier
from bench.scoring.mixture import Mixture
from bench.tasks import (
    digits_aae,
    digits_info,
    digits_vae,
    linear_bi,
    lqr_model,
    ring8_conditional,
    ring8_info,
)
from bench.tasks.family.linear import BOUND, A, B, Q, R
from bench.tasks.family.spring_game import value_matrix
from bench.training.train import train
from tests.support.closed_form import build, evaluated, learner

Array = NDArray[Any]
IMAGES, CLASSES = digits_classifier.digits()
CENTRED = IMAGES - IMAGES.mean(axis=0)
AXES = np.linalg.svd(CENTRED, full_matrices=False)[2][:8]  # the first principal components


def scores(name: str, updates: int, *strategies: str, **changes: Any) -> dict[str, float]:
    """The medians of four seeds after some updates."""
    parts = []
    for text in strategies:
        strategy, _, player = text.partition("@")
        made = build(strategy, name)
        parts.append(made.restricted(player, learner(name).task) if player else made)
    run = train(evaluated(learner(name, *parts), 1, **changes), range(4), updates=updates)
    last = run.curves[-1]
    return {key: float(np.median([seed[key] for seed in last])) for key in last[0]}


# SVG(1): the slope that the actor climbs


def perfect(gain: Array) -> Any:
    """What an exact model and an exact critic of a linear policy say."""
    exact = value_matrix(gain)

    def says(obs: Array, action: Array, *, player: str = "critic") -> Array:
        force = BOUND * action
        if player == "model":
            cost = ((obs @ Q) * obs).sum(axis=1) + ((force @ R) * force).sum(axis=1)
            return np.hstack([obs @ A.T + force @ B.T, -cost[:, None]])
        pair = np.hstack([obs, action])
        return -np.einsum("ni,ij,nj->n", pair, exact, pair)

    return says


def test_the_slope_through_an_exact_model_is_the_exact_slope() -> None:
    gain = np.array([[0.1, -0.4]])
    found = lqr_model.task.judge(gain.T, perfect(gain))
    assert found["slope_error"] < 1e-9
    assert found["critic_slope_error"] < 1e-9


def test_the_slope_is_that_of_the_model_where_the_critic_is_wrong() -> None:
    """A critic that is 0 leaves the reward's slope alone; a wrong model spoils an exact critic."""
    gain = np.array([[0.1, -0.4]])
    says = perfect(gain)

    def blank_critic(obs: Array, action: Array, *, player: str = "critic") -> Array:
        made = says(obs, action, player=player)
        return made if player == "model" else 0.0 * made

    def blank_model(obs: Array, action: Array, *, player: str = "critic") -> Array:
        made = says(obs, action, player=player)
        return 0.0 * made if player == "model" else made

    assert lqr_model.task.judge(gain.T, blank_critic)["slope_error"] > 0.1
    found = lqr_model.task.judge(gain.T, blank_model)
    assert found["slope_error"] > 0.05
    assert found["critic_slope_error"] < 1e-9


def test_the_actor_learns_through_the_model_sooner_than_the_critic_alone() -> None:
    found = scores("lqr_model", 400)
    assert found["slope_error"] < 0.02
    assert found["slope_error"] < 0.5 * found["critic_slope_error"]
    assert found["cost_ratio"] < 1.02


# BiGAN


def encoder(matrix: Array) -> Any:
    return lambda obs, action, *, player: action @ matrix.T


def test_the_solution_of_the_linear_bigan_has_no_error() -> None:
    root = linear_bi.ROOT
    found = linear_bi.task.judge(root.T, encoder(np.linalg.inv(root)))
    assert found["error"] < 1e-9
    turned = root @ np.array([[0.0, -1.0], [1.0, 0.0]])  # as good: codes have no direction
    assert linear_bi.task.judge(turned.T, encoder(np.linalg.inv(turned)))["error"] < 1e-9
    assert linear_bi.task.judge(turned.T, encoder(np.linalg.inv(root)))["inversion_error"] > 1.0
    nothing = linear_bi.task.judge(np.zeros((2, 2)), encoder(np.zeros((2, 2))))
    assert nothing["error"] == pytest.approx(linear_bi.task.anchors.low)


@pytest.mark.slow
def test_joint_slopes_bring_the_linear_bigan_to_rest_and_action_slopes_do_not() -> None:
    joint = scores("linear_bi", 3000, "r1")["error"]
    assert joint < 0.2
    assert scores("linear_bi", 3000)["error"] > 1.0  # bare, it circles
    assert scores("linear_bi", 3000, "r1", judges_pairs=False)["error"] > 3.0 * joint


def test_both_halves_have_observations_of_their_own() -> None:
    """Codes: those drawn for the actor's half, the encoder's for the data."""
    what, key = learner("linear_bi"), rng.seed_key(0)
    state = what.init(key)
    players = state.players
    forward = Forward(what.task, what.blueprint, lambda player: ())

    def act(obs: torch.Tensor, use: torch.Tensor) -> torch.Tensor:
        return what.act(players.actor, obs, use)

    batch = what.task.fresh(act, key, torch.tensor(0), what.task.blank(0))
    shown = what.task.shown("critic", batch, forward.seen(players.params, key), key)
    halves = what.task.halves(shown, act, key)
    matrix = players.params["encoder"]["1/weight"]
    assert torch.allclose(halves.data.obs, halves.data.action @ matrix.T)
    assert torch.allclose(halves.own.action, act(halves.own.obs, key))
    assert not torch.allclose(halves.data.obs, halves.own.obs)


# InfoGAN and labels on the ring


def ring_points(modes: Array, mixture: Mixture) -> Array:
    noise = np.random.default_rng(1).normal(size=(len(modes), 2))
    return np.array(mixture.centres)[modes] + mixture.deviation * noise


def recognises(sharpness: float, mixture: Mixture) -> Any:
    def says(obs: Array, action: Array, *, player: str) -> Array:
        assert player == "recogniser"
        return sharpness * mixture.log_posterior(action)[:, :-1]  # of the modes; the last is none

    return says


def test_information_is_that_of_a_mode_for_every_code_and_near_nothing_without() -> None:
    task = ring8_info.task
    codes = np.arange(task.samples) % 8
    points = ring_points((3 * codes + 1) % 8, task.mixture)
    found = task.judge(points, recognises(0.0, task.mixture))
    assert found["nearest_information"] == pytest.approx(np.log(8), abs=1e-3)
    assert found["information"] == pytest.approx(task.anchors.high, abs=0.02)
    assert found["recognition"] == pytest.approx(0.0)  # a recogniser that says nothing
    straight = ring_points(codes, task.mixture)
    assert task.judge(straight, recognises(1.0, task.mixture))["recognition"] > 2.07
    half = task.judge(ring_points(codes // 2, task.mixture), recognises(0.0, task.mixture))
    assert half["nearest_information"] == pytest.approx(np.log(4), abs=1e-3)
    ignored = ring_points(np.random.default_rng(2).integers(0, 8, len(codes)), task.mixture)
    assert task.judge(ignored, recognises(0.0, task.mixture))["information"] < 0.04
    collapsed = task.judge(ring_points(0 * codes, task.mixture), recognises(0.0, task.mixture))
    assert collapsed["information"] < 0.01


@pytest.mark.parametrize(("missing", "least"), [(1, 0.15), (4, 0.9)])
def test_a_code_that_always_misses_tells_nothing(missing: int, least: float) -> None:
    task = ring8_info.task
    codes = np.arange(task.samples) % 8
    points = ring_points(codes, task.mixture)
    points[codes < missing] += 0.5
    found = task.judge(points, recognises(0.0, task.mixture))
    assert found["information"] < task.anchors.high - least


@pytest.mark.slow
def test_codes_are_told_because_the_recogniser_is_listened_to() -> None:
    assert scores("ring8_info", 1000, "r1")["nearest_information"] > 1.5
    assert scores("ring8_info", 1000, "r1", weight=0.0)["nearest_information"] < 0.2


def test_hits_are_samples_in_the_mode_that_the_label_names() -> None:
    task = ring8_conditional.task
    labels = np.arange(task.samples) % 8
    found = task.judge(ring_points(labels, task.mixture), None)
    assert found["right_mode"] == 1.0
    assert found["hits"] == pytest.approx(task.anchors.high, abs=0.01)
    turned = task.judge(ring_points((labels + 1) % 8, task.mixture), None)
    assert turned["hits"] == turned["right_mode"] == 0.0
    ignored = ring_points(np.random.default_rng(2).integers(0, 8, len(labels)), task.mixture)
    assert task.judge(ignored, None)["hits"] == pytest.approx(1 / 8, abs=0.03)
    blurred = np.array(task.mixture.centres)[labels] * 0.9
    assert task.judge(blurred, None) == pytest.approx(
        task.judge(blurred, None) | {"hits": 0.0, "right_mode": 1.0}, nan_ok=True
    )


# Digits


def linear_decoder(obs: Array, action: Array, *, player: str) -> Array:
    scale = np.sqrt(np.square(CENTRED @ AXES.T).mean(axis=0))
    return (action * scale) @ AXES + IMAGES.mean(axis=0)


def test_principal_components_are_the_yardstick_of_the_autoencoder() -> None:
    scale = np.sqrt(np.square(CENTRED @ AXES.T).mean(axis=0))
    found = digits_aae.task.judge(CENTRED @ AXES.T / scale, linear_decoder)
    assert found["unexplained"] == pytest.approx(0.326, abs=0.001)
    assert found["same_class"] > 0.9
    assert found["fid"] == pytest.approx(57.0, abs=3.0)
    noise = np.random.default_rng(5).normal(size=(len(IMAGES), 8))
    blind = digits_aae.task.judge(noise, linear_decoder)
    assert blind["same_class"] == pytest.approx(0.1, abs=0.03)
    assert blind["unexplained"] > 1.0


def test_real_digits_in_the_order_of_their_classes_are_fully_informed() -> None:
    task = digits_info.task
    by_class = [np.flatnonzero(digit == CLASSES) for digit in range(10)]
    rows = np.array([by_class[i % 10][(i // 10) % 150] for i in range(task.samples)])

    def nothing(obs: Array, action: Array, *, player: str) -> Array:
        return np.zeros((len(action), 10))

    assert task.judge(IMAGES[rows], nothing)["information"] == pytest.approx(2.28, abs=0.03)
    mixed = np.random.default_rng(0).permutation(rows)
    assert task.judge(IMAGES[mixed], nothing)["information"] < 0.05


def test_noise_of_ten_kinds_is_told_apart_but_is_no_information() -> None:
    """One noise image for every class that the classifier sees."""
    task, draws = digits_info.task, np.random.default_rng(0)
    noise = draws.uniform(-1.0, 1.0, (20_000, 64)).astype(np.float32)
    labels = digits_classifier.CLASSIFIER.features_and_logits(noise)[1].argmax(axis=1)
    ten = np.stack([noise[labels == digit][0] for digit in range(10)])

    def nothing(obs: Array, action: Array, *, player: str) -> Array:
        return np.zeros((len(action), 10))

    cheat = ten[np.arange(task.samples) % 10]
    cheat = cheat + 1e-3 * draws.normal(size=cheat.shape).astype(np.float32)
    assert task.judge(cheat, nothing)["information"] < 0.5


def test_the_mean_image_explains_nothing() -> None:
    def says(obs: Array, action: Array, *, player: str) -> Array:
        mean = np.tile(IMAGES.mean(axis=0), (len(obs), 1))
        return np.zeros((len(obs), 16)) if player == "encoder" else mean

    found = digits_vae.task.judge(IMAGES[:1000], says)
    assert found["unexplained"] == pytest.approx(1.0, abs=1e-5)
