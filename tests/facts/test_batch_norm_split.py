"""Each half is normalised by itself: other samples do not change what is said of the data."""

import pytest
import torch
from torch.nn import functional

from bench.functional import rng
from bench.functional.batch_layers import BatchNorm
from bench.functional.layers import Dense
from tests.support.closed_form import build, learner

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("row", [(3,), (3, 4, 2)], ids=["numbers", "image"])
def test_two_groups_are_two_batches(row: tuple[int, ...]) -> None:
    layer = BatchNorm(group=5)
    params, _ = layer.init(rng.seed_key(0), row)
    x = rng.normal(rng.seed_key(1), (10, *row))
    halves = [functional.batch_norm(half, None, None, training=True) for half in x.split(5)]
    assert torch.allclose(layer.apply(params, x), torch.cat(halves))
    few = functional.batch_norm(x[:4], None, None, training=True)
    assert torch.allclose(layer.apply(params, x[:4]), few)


@pytest.mark.parametrize(
    ("name", "coupled"), [("batch_norm_joint", True), ("batch_norm_split", False)]
)
def test_whether_samples_change_what_is_said_of_the_data(name: str, coupled: bool) -> None:
    what = learner("ring8", build(name, "ring8"))
    critic, net = what.init(rng.seed_key(0)).players.critic, what.blueprint.critic.net
    rows = rng.normal(rng.seed_key(1), (128, 2))
    other = torch.cat([5.0 * rows[:64], rows[64:]])
    one, two = (net.apply(critic, x)[64:] for x in (rows, other))
    assert torch.allclose(one, two) != coupled


@pytest.mark.parametrize("task", ["ring8", "digits"])
def test_the_first_layer_is_left_as_it_is(task: str) -> None:
    """As in DCGAN's discriminator; later ones have no bias, which it would cancel."""
    layers = learner(task, build("batch_norm_split", task)).blueprint.critic.net.layers
    kinds = [type(layer).__name__ for layer in layers]
    first, later = ["Dense", "Activation"], ["Dense", "BatchNorm", "Activation"]
    assert kinds == [*first, *later, "Dense"]
    assert [layer.bias for layer in layers if isinstance(layer, Dense)] == [True, False, True]


@pytest.mark.parametrize(
    ("name", "seen"), [("batch_norm_joint", False), ("batch_norm_split", True)]
)
def test_whether_place_and_scale_of_the_inputs_are_seen(name: str, seen: bool) -> None:
    what = learner("ring8", build(name, "ring8"))
    critic, net = what.init(rng.seed_key(0)).players.critic, what.blueprint.critic.net
    rows = rng.normal(rng.seed_key(1), (128, 2))
    one, two = (net.apply(critic, x) for x in (rows, 3.0 * rows + 5.0))
    assert torch.allclose(one, two, atol=1e-3) != seen


def test_joint_and_split_exclude_each_other() -> None:
    from bench.learner.strategy import Conflict, combine

    both = [build(name, "ring8") for name in ("batch_norm_joint", "batch_norm_split")]
    with pytest.raises(Conflict, match="leave one of them out"):
        combine(both)
