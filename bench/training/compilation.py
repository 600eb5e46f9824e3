"""Compiles a recording to machine code by TorchInductor, where that saves more time than it takes.

The decision depends only on the recording and on the number of its calls, never on timings, on the
number of seeds or on the content of a cache, so that the same cell always runs the same code.
Compiled and replayed code give the same numbers up to rounding, and differ in their last bits.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from bench.training.trace import Recording

OPTIONS = {
    # No Python between kernels. Kernels and the code that calls them are separate C++ files; the
    # second, half of the text, has no hot loop and is optimised less. No profiling information.
    "cpp_wrapper": True,
    "cpp_wrapper_build_separate": True,
    "aot_inductor.enable_line_tables": False,
    "aot_inductor.enable_frame_pointer": False,
    # A hashed random draw uses each intermediate twice. Inlined, its code doubles with every step:
    # that took 39 s and 174 s to compile. Stored in buffers, it takes 5 s, and loops still fuse.
    "realize_opcount_threshold": 4,
    # Concatenate gradients into one vector by copies, not by a masked expression for each.
    "max_pointwise_cat_inputs": 0,
}
"""Inductor's options that differ from its defaults, where the installed version has them."""

SHORT = 200
"""Characters of a compiler's message that a warning repeats; commands take thousands."""

MANY = 1000
"""Values with at least this many elements per seed count in the cost of replaying them."""


def compiler() -> str | None:
    """Return the path of the C++ compiler that Inductor would use, or None if there is none."""
    name = os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
    return shutil.which(name)


def pays(recording: Recording, calls: int, seeds: int) -> bool:
    """Return whether compiling saves more time than it takes, for this number of calls.

    Measured on one core: a replayed operation costs 4.5 us and 0.2 ns per element more than a
    compiled one; compilation takes 4 s and 12 ms per operation. Recordings with convolutions are
    not compiled: both forms call the same library, and Inductor's loops around it were slower.
    `seeds` is the number of seeds in the recording; the decision is always that for ten. Only
    elements of values with at least `MANY` per seed are counted: the size of smaller values need
    not be proportional to the number of seeds.
    """
    operations, elements = 0, 0
    for node in recording.module.graph.nodes:
        if node.op != "call_function":
            continue
        if "convolution" in str(node.target):
            return False
        operations += 1
        value = node.meta.get("val")
        each = value.numel() // seeds if isinstance(value, Tensor) else 0
        elements += each if each >= MANY else 0
    saved = calls * (4.5e-6 * operations + 2e-9 * elements)
    return saved > 4.0 + 0.012 * operations


def compiled(recording: Recording, leaves: list[Tensor]) -> Recording:
    """Return the recording compiled to machine code; `leaves` are example arguments.

    The examples are not modified. Kernels are cached on disk by Inductor (TORCHINDUCTOR_CACHE_DIR),
    for all processes of a machine. Raises what Inductor raises.
    """
    # Without a GPU, this logger would warn each time.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    from torch._inductor import standalone_compile  # importing takes a second

    cpu = leaves[0].device.type == "cpu"

    example: Any = [leaf.clone() for leaf in leaves]
    with torch.no_grad():
        code = standalone_compile(
            recording.module,
            example,
            dynamic_shapes="from_example_inputs",
            options={"config_patches": _known(OPTIONS) if cpu else {}},
        )
    return recording.by(code)


def _known(options: dict[str, Any]) -> dict[str, Any]:
    """Return those options that the installed version has: the newer ones only save time."""
    from torch._inductor import config

    every = config.get_config_copy()
    return {name: value for name, value in options.items() if name in every}


def best(
    recording: Recording, leaves: list[Tensor], carried: int, *, compile_it: bool
) -> tuple[Recording, bool]:
    """Return the fastest form of a recording, and whether it is compiled.

    The first `carried` arguments are the state: the function returns their new values first, and
    these are its arguments in the next call. On CUDA the calls replay one CUDA graph. Warns if
    compiling fails; the recording is then replayed.
    """
    cuda = leaves[0].device.type == "cuda"
    fast = (cuda or compiler() is not None) and compile_it
    if fast:
        try:
            recording = compiled(recording, leaves)
        except Exception as error:  # of Inductor, of the compiler, of a cache: there are many kinds
            fast = False
            first = next(iter(str(error).splitlines()), type(error).__name__)[:SHORT]
            warnings.warn(
                f"updates are replayed, because {compiler() or 'the GPU'} cannot compile: {first}",
                stacklevel=2,
            )
    return (recording.by(Resident(recording, leaves, carried)) if cuda else recording), fast


class Resident:
    """A function that keeps its state (carried values) in fixed buffers, as CUDA graphs need.

    Call it like the function. Arguments that are not its own buffers are copied into them first.
    The carried results are these buffers, valid until the next call.
    """

    def __init__(self, recording: Recording, leaves: list[Tensor], carried: int) -> None:
        self._run, self._carried = recording.flat, carried
        self._buffers = [leaf.clone() for leaf in leaves]
        self._replay = self._captured() if leaves[0].device.type == "cuda" else self._step

    def __call__(self, *leaves: Tensor) -> list[Tensor]:
        """Return the function's values for its arguments."""
        for buffer, given in zip(self._buffers, leaves, strict=True):
            if given is not buffer:
                buffer.copy_(given, non_blocking=True)
        self._replay()
        return [*self._buffers[: self._carried], *(value.clone() for value in self._values)]

    def _step(self) -> None:
        made = self._run(self._buffers)
        held = {_memory(buffer) for buffer in self._buffers}
        carried = list(zip(self._buffers, made[: self._carried], strict=False))
        # Views of buffers must be copied before the buffers are overwritten.
        new = [
            None if _same_place(buffer, value) else _apart(value, held) for buffer, value in carried
        ]
        self._values = [_apart(value, held) for value in made[self._carried :]]
        for buffer, value in zip(self._buffers, new, strict=False):
            if value is not None:
                buffer.copy_(value)

    def _captured(self) -> Callable[[], None]:
        """Capture one step as a CUDA graph; restore the buffers that the warm-up has changed."""
        before = [buffer.clone() for buffer in self._buffers]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self._step()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._step()
        for buffer, value in zip(self._buffers, before, strict=True):
            buffer.copy_(value)
        return graph.replay


def _same_place(buffer: Tensor, value: Tensor) -> bool:
    """Return whether a value is its buffer already, because it was written in place."""
    places = [(t.data_ptr(), t.shape, t.stride()) for t in (buffer, value)]
    return places[0] == places[1]


def _apart(value: Tensor, held: set[int]) -> Tensor:
    """Return the value, copied if its storage is one of those `held`."""
    return value.clone() if _memory(value) in held else value


def _memory(tensor: Tensor) -> int:
    """Return the address of the storage that a tensor is a view of."""
    return tensor.untyped_storage().data_ptr()
