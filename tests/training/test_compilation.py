"""Machine code of updates: the same numbers, chosen by cost, and never needed."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import vmap

from bench.experiment.cell import Cell
from bench.functional import pytree, rng
from bench.training import compilation
from bench.training.trace import trace
from bench.training.train import train
from tests.support.closed_form import evaluated
from tests.support.code_path import code_path

needs_compiler = pytest.mark.skipif(compilation.compiler() is None, reason="no C++ compiler")


def recording(cell: str, seeds: int = 2) -> Any:
    learner = Cell.parse(cell).learner()
    keys = torch.stack([rng.seed_key(seed) for seed in range(seeds)])
    blank = learner.task.blank(0)
    seen = pytree.tmap(lambda leaf: leaf.expand(seeds, *leaf.shape).clone(), blank)
    return trace(vmap(learner.update), vmap(learner.init)(keys), seen, keys)


@needs_compiler
@pytest.mark.parametrize("cell", ["lqr/reference", "ring8/reference+packing"])
def test_compiled_updates_give_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch, float64: None, cell: str
) -> None:
    """To 1e-9 in float64 after 20 updates, memories and environment included."""
    runs, calls, compile_it = [], 0, compilation.compiled

    def counted(*given: Any) -> Any:
        made = compile_it(*given)

        def run(*leaves: Tensor) -> list[Tensor]:
            nonlocal calls
            calls += 1
            return made.flat(list(leaves))

        return made.by(run)

    monkeypatch.setattr(compilation, "compiled", counted)
    for fast in (True, False):
        with code_path(compiled=fast):
            runs.append(train(evaluated(Cell.parse(cell).learner(), 1), [0, 3], updates=20))
    assert [run.compiled for run in runs] == [True, False]
    assert calls == 20  # the machine code was made, and it was what ran
    ours, theirs = (pytree.leaves(run.state) for run in runs)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_what_pays_depends_on_the_calls_and_not_on_the_seeds() -> None:
    small, large = recording("ring8/bare"), recording("ring8/bare", seeds=7)
    assert not compilation.pays(small, 100, 2)
    assert compilation.pays(small, 100_000, 2)
    for calls in range(1000, 10_000, 500):
        assert compilation.pays(small, calls, 2) == compilation.pays(large, calls, 7)


def test_convolutions_stay_recorded() -> None:
    assert not compilation.pays(recording("digits_info/bare"), 10**9, 2)
    assert compilation.pays(recording("digits/bare"), 10**9, 2)  # dense networks


@needs_compiler
def test_options_that_this_version_lacks_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As older versions lack those that only save time."""
    monkeypatch.setitem(compilation.OPTIONS, "cpp.no_such_option", True)
    monkeypatch.setitem(compilation.OPTIONS, "no_such_option", True)
    with code_path(compiled=True):
        assert train(Cell.parse("bilinear/bare").learner(), [0], updates=3).compiled


def test_without_a_compiler_updates_run_as_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with code_path(compiled=True):
        assert not train(Cell.parse("bilinear/bare").learner(), [0], updates=3).compiled


@pytest.mark.parametrize("why", ["compiler", "disk", "a cache of another processor", "anything"])
def test_what_cannot_be_compiled_runs_as_recorded(
    monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    from torch._inductor.exc import CppCompileError, InductorError

    def broken(*_: Any) -> Any:
        if why == "disk":
            raise PermissionError("planted: the cache cannot be written")
        if why == "a cache of another processor":
            raise CppCompileError(["g++", "x" * 20_000], "planted")
        if why == "anything":
            raise AssertionError("planted")
        raise InductorError(RuntimeError("planted"), None)

    monkeypatch.setenv("CXX", "true")
    monkeypatch.setattr(compilation, "compiled", broken)
    warns = pytest.warns(UserWarning, match="updates are replayed, because ")
    with code_path(compiled=True), warns as warned:
        run = train(Cell.parse("bilinear/bare").learner(), [0], updates=3)
    assert len(str(warned[0].message)) < 400
    assert not run.compiled
    assert run.first_bad_step == [None]


def crossing(
    first: Tensor, second: Tensor, memory: Tensor, square: Tensor, given: Tensor
) -> list[Tensor]:
    """Hands values from one place to another, writes in place, and computes something new."""
    memory.index_add_(0, torch.tensor([1]), given)
    return [second[1:], first.expand(2), memory, square.T, first * given + second.sum(), square]


class Graph(compilation.Resident):
    """As a CUDA graph: every step writes its values into the same memory."""

    def _step(self) -> None:
        places = getattr(self, "_values", None)
        super()._step()
        if places is not None:
            with torch.inference_mode():
                for place, value in zip(places, self._values, strict=True):
                    place.copy_(value)
            self._values = places


@pytest.mark.parametrize("kind", [compilation.Resident, Graph])
def test_resident_values_are_those_of_the_function(kind: type[compilation.Resident]) -> None:
    """Even where a new value is another place's old one, and where a memory is written in place.

    Carried values are good until the next call, the others for ever.
    """
    begin = [torch.tensor(row) for row in ([1.0], [2.0, 3.0], [0.0, 0.0, 0.0])]
    begin += [torch.arange(4.0).reshape(2, 2), torch.tensor([10.0])]
    made = trace(crossing, *begin)
    resident = kind(made, begin, carried=4)
    plain = [leaf.clone() for leaf in begin[:4]]
    held = [leaf.clone() for leaf in begin[:4]]
    kept, wanted = [], []
    for step in range(4):
        given = torch.tensor([float(step)])
        plain = made.flat([*plain[:4], given])
        held = resident(*held[:4], given)
        assert all(torch.equal(one, other) for one, other in zip(held, plain, strict=True))
        kept += held[4:]
        wanted += [value.clone() for value in plain[4:]]
    assert all(torch.equal(one, other) for one, other in zip(kept, wanted, strict=True))


def test_constants_are_computed_once_and_not_shared_between_calls() -> None:
    """A buffer of zeros that the function fills is no constant; what depends on nothing is one."""

    def function(x: Tensor) -> Tensor:
        counts = torch.zeros(3)
        counts.view(3, 1)[0].add_(x)
        return counts + torch.arange(3) * 2.0

    made = trace(function, torch.ones(1))
    for _ in range(2):
        assert made(torch.ones(1)).tolist() == [1.0, 2.0, 4.0]
    names = [str(node.target) for node in made.module.graph.nodes]
    assert not any("arange" in name for name in names)
    assert any("zeros" in name for name in names)


def test_a_returned_constant_is_fresh_at_every_call() -> None:
    """Whoever is given it may write into it: a replay buffer begins as zeros."""

    def function(memory: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        memory.add_(x)
        return torch.zeros(3), memory.sum()

    made, memory = trace(function, torch.zeros(3), torch.ones(3)), torch.zeros(3)
    for _ in range(3):
        memory, total = made(memory, torch.ones(3))
        assert total == 3.0


def test_buffers_that_are_written_are_not_merged() -> None:
    def function(x: Tensor) -> tuple[Tensor, Tensor]:
        one, other = torch.zeros(3), torch.zeros(3)
        left, right = other.split([1, 2])
        left.add_(x[:1])
        right.add_(3.0 * x[1:])
        return one.add_(2.0 * x), other + 0.0

    one, other = trace(function, torch.ones(3))(torch.ones(3))
    assert one.tolist() == [2.0] * 3
    assert other.tolist() == [1.0, 3.0, 3.0]


def test_multiplying_by_one_may_change_the_kind() -> None:
    made = trace(lambda x: x * 1.0, torch.arange(3))(torch.arange(3))
    assert made.dtype == torch.float32


def reshaped_in_place(x: Tensor) -> list[Tensor]:
    """As PyTorch's matmul does with its own values."""
    one, other = torch.ops.aten._unsafe_view(x + 1.0, [3]), torch.ops.aten._unsafe_view(x + 1, [3])
    return [one.unsqueeze_(0) * 2.0, other.unsqueeze_(1) * 3.0]


def read_before_and_after(x: Tensor) -> list[Tensor]:
    buffer = x + 0.0
    row = buffer.view(3, 1)
    before = row.sum()
    buffer.add_(1.0)
    return [before + 0.0, row.sum() + 0.0]


def copied_by_a_factor(x: Tensor) -> list[Tensor]:
    buffer = x + 1.0
    copy = buffer * 1
    buffer.add_(1.0)
    return [copy + 0.0, buffer + 0.0]


def returned_copies(x: Tensor) -> list[Tensor]:
    y = x + 1.0
    return [y, y * 1]


def written_in_lists(x: Tensor) -> list[Tensor]:
    many = [torch.zeros(3), torch.zeros(3)]
    torch._foreach_add_(many, [x, 2.0 * x])
    return [each + 0.0 for each in many]


def written_by_name(x: Tensor) -> list[Tensor]:
    one, other = torch.empty(3), torch.empty(3)
    torch.add(x, 1.0, out=one)
    torch.add(x, 2.0, out=other)
    return [one + 0.0, other + 0.0]


def written_through_parts(x: Tensor) -> list[Tensor]:
    one, other = torch.zeros(3), torch.zeros(3)
    left, _ = one.split([1, 2])
    left[0].fill_(5.0)
    return [one + x, other + x]


WRITERS = [
    *(reshaped_in_place, read_before_and_after, copied_by_a_factor, returned_copies),
    *(written_in_lists, written_by_name, written_through_parts),
]


@pytest.mark.parametrize("function", WRITERS, ids=lambda f: f.__name__)
def test_what_writes_in_place_is_recorded_as_it_runs(function: Any) -> None:
    """Twice, with all returned values overwritten in between, as their owner may."""
    x = torch.tensor([1.0, 2.0, 4.0])
    made = trace(function, x)
    for _ in range(2):
        found, wanted = made(x), function(x.clone())
        for one, other in zip(found, wanted, strict=True):
            assert torch.equal(one, other)
        with torch.inference_mode():
            for number, one in enumerate(found):
                one.fill_(-float(number))
        assert [one.flatten()[0].item() for one in found] == [-float(i) for i in range(len(found))]
