"""Records a function of tensors as a flat list of tensor operations, which is replayed often.

`vmap` and `grad` interpret every operation in Python; recording the batched, differentiated
function once and replaying its operations takes about half the time, needs no C++ compiler, and
returns the same numbers up to rounding. Recording also enforces the rule that no branch depends on
a tensor's values. `bench.training.compilation` compiles a recording, where that pays.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch._ops import OpOverload
from torch.fx import Graph, GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.node import map_arg
from torch.fx.passes.dialect.common.cse_pass import CSEPass

from bench.functional import pytree

_SHAPING = {
    torch.ops.aten.view.default,
    torch.ops.aten._unsafe_view.default,
    torch.ops.aten.expand.default,
}
_SAME_NAME = """
add sub mul div rsub bmm transpose bitwise_and bitwise_xor relu sqrt rsqrt lerp where cat unsqueeze
squeeze select clamp remainder exp log cos tanh sigmoid reciprocal
""".split()
_DIRECT = {
    **{getattr(torch.ops.aten, name): getattr(torch, name) for name in _SAME_NAME},
    torch.ops.aten.__rshift__: torch.bitwise_right_shift,
    torch.ops.aten.view: torch.Tensor.view,
    torch.ops.aten._unsafe_view: torch.Tensor.view,
    torch.ops.aten.expand: torch.Tensor.expand,
}


class Recording:
    """A recorded function. Call it on pytrees, or call `flat` on their leaves in a hot loop."""

    def __init__(self, module: GraphModule, inputs: Any, outputs: Any) -> None:
        self.module = module
        self._inputs, self._outputs = inputs, outputs
        self._run: Callable[..., list[torch.Tensor]] = module

    def by(self, run: Callable[..., list[torch.Tensor]]) -> Recording:
        """Return the same function computed by `run` (leaves to leaves), such as compiled code."""
        other = Recording(self.module, self._inputs, self._outputs)
        other._run = run
        return other

    def __call__(self, *arguments: Any) -> Any:
        """Return the function's value. Raises ValueError for pytrees of another structure."""
        leaves, structure = pytree.flatten(arguments)
        if structure != self._inputs:
            raise ValueError("the arguments have another structure than the recorded ones")
        return pytree.unflatten(self.flat(leaves), self._outputs)

    def flat(self, leaves: list[torch.Tensor]) -> list[torch.Tensor]:
        """Map the leaves of all arguments to the leaves of the function's value."""
        with torch.inference_mode():
            return self._run(*leaves)


def trace(function: Callable[..., Any], *example: Any) -> Recording:
    """Record `function` on example arguments (pytrees of tensors); shapes are then fixed.

    Arguments written in place by the function are written in place by the recording too.
    """
    flat, inputs = pytree.flatten(example)
    outputs: Any = None

    def flat_function(*leaves: Any) -> list[Any]:
        nonlocal outputs
        result = function(*pytree.unflatten(list(leaves), inputs))
        flat_result, outputs = pytree.flatten(result)
        return flat_result

    # Recording runs the function: on copies, so that the example is not modified.
    module = make_fx(flat_function)(*[leaf.clone() for leaf in flat])
    _reshape_out_of_place(module.graph)
    module.graph.eliminate_dead_code()
    module = _merged(module)
    _compute_constants(module)
    _drop_idle(module.graph)
    _call_directly(module.graph)
    module.graph.eliminate_dead_code()
    module.recompile()
    return Recording(module, inputs, outputs)


def _shape(node: Any) -> Any:
    value = node.meta.get("val") if isinstance(node, Node) else None
    return value.shape if isinstance(value, torch.Tensor) else None


def _kind(node: Any) -> Any:
    return node.meta["val"].dtype, node.meta["val"].shape


def _reshape_out_of_place(graph: Graph) -> None:
    """Replace operations that change a tensor's shape, such as `squeeze_`, by `squeeze` and others.

    PyTorch's own functions use them on values of theirs: recorded, they would change a value that
    others share by then. Later nodes use the result already, never the changed argument.
    """
    for node in graph.nodes:
        if isinstance(node.target, OpOverload) and torch.Tag.inplace_view in node.target.tags:
            packet = getattr(torch.ops.aten, node.target.overloadpacket.__name__.removesuffix("_"))
            node.target = getattr(packet, node.target._overloadname)


def _merged(module: GraphModule) -> GraphModule:
    """Eliminate common subexpressions, but for values that are written in place or returned.

    Nor is what reads a written value merged: it may be read before and after.
    """
    written, returned = _written(module.graph), _returned(module.graph)
    for node in module.graph.nodes:
        apart = node in written or node in returned or not written.isdisjoint(node.all_input_nodes)
        if node.op == "call_function" and apart:
            node.kwargs = {**node.kwargs, "apart": node.name}  # equal to no other
    result = CSEPass()(module)
    module = module if result is None else result.graph_module
    for node in module.graph.nodes:
        node.kwargs = {name: value for name, value in node.kwargs.items() if name != "apart"}
    return module


def _drop_idle(graph: Graph) -> None:
    """Remove views and expansions that do not change the shape, and multiplications by one.

    A product is a copy, and stays one if it or its factor is written in place or returned.
    """
    owned = _written(graph) | _returned(graph)
    for node in list(graph.nodes):
        shaping = node.target in _SHAPING and _shape(node) == _shape(node.args[0]) is not None
        times_one = node.target is torch.ops.aten.mul.Tensor and node.args[1:] == (1,)
        times_one = times_one and owned.isdisjoint({node, node.args[0]})
        if shaping or (times_one and _kind(node) == _kind(node.args[0])):
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)


def _compute_constants(module: GraphModule) -> None:
    """Precompute what depends on no argument: counters of random draws, zeros, labels."""
    graph = module.graph
    owned = _written(graph) | _returned(graph)
    values: dict[Node, Any] = {}
    for node in list(graph.nodes):
        if node.op == "get_attr":
            values[node] = getattr(module, node.target)
            continue
        computed = node.op == "call_function" and node not in owned
        if computed and all(source in values for source in node.all_input_nodes):
            args, kwargs = map_arg((node.args, node.kwargs), values.__getitem__)
            values[node] = node.target(*args, **kwargs)
    for node, value in values.items():
        needed = node.op == "call_function" and any(user not in values for user in node.users)
        if needed and isinstance(value, torch.Tensor):
            name = f"_constant_{node.name}"
            module.register_buffer(name, value.contiguous())
            with graph.inserting_before(node):
                constant = graph.get_attr(name)
            constant.meta = dict(node.meta)
            node.replace_all_uses_with(constant)
    graph.eliminate_dead_code()


def _written(graph: Graph) -> set[Node]:
    """Return nodes that share memory with one that is written in place."""
    memory = _memories(graph)
    written = {memory[target] for node in graph.nodes for target in _aliased(node, write=True)}
    return {node for node in graph.nodes if memory[node] in written}


def _returned(graph: Graph) -> set[Node]:
    """Return nodes that share memory with a returned value, which the caller may write later."""
    memory = _memories(graph)
    returned = {memory[node] for node in graph.output_node().all_input_nodes}
    return {node for node in graph.nodes if memory[node] in returned}


def _memories(graph: Graph) -> dict[Node, int]:
    """Return for every node the number of its memory, which it shares with its views."""
    found: dict[Node, int] = {}
    for number, node in enumerate(graph.nodes):
        first, *others = {found[source] for source in _aliased(node, write=False)} or {number}
        found[node] = first
        if others:  # a result of several memories joins them
            found = {one: first if memory in others else memory for one, memory in found.items()}
    return found


def _aliased(node: Node, *, write: bool) -> list[Node]:
    """Return the arguments that a node's result may share memory with, or those that it writes."""
    if node.target is operator.getitem or node.target is torch.ops.aten._unsafe_view.default:
        return [] if write else node.all_input_nodes
    schema = getattr(node.target, "_schema", None)
    if schema is None or (not write and not any(each.alias_info for each in schema.returns)):
        return []
    names = [each.name for each in schema.arguments]
    given = {**dict(zip(names, node.args, strict=False)), **node.kwargs}
    marked = [
        given.get(each.name)
        for each in schema.arguments
        if each.alias_info is not None and (each.alias_info.is_write or not write)
    ]
    found: list[Node] = []
    map_arg(marked, found.append)
    return found


def _call_directly(graph: Graph) -> None:
    """Call torch.add instead of torch.ops.aten.add.Tensor: the same kernel, half the overhead."""
    for node in graph.nodes:
        if isinstance(node.target, OpOverload) and not node.kwargs:
            node.target = _DIRECT.get(node.target.overloadpacket, node.target)
