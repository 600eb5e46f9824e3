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


def _merged(module: GraphModule) -> GraphModule:
    """Eliminate common subexpressions, except buffers that may be written in place."""
    for node in _writable(module.graph):
        if node.op == "call_function":
            node.kwargs = {**node.kwargs, "apart": node.name}  # equal to no other
    result = CSEPass()(module)
    module = module if result is None else result.graph_module
    for node in module.graph.nodes:
        node.kwargs = {name: value for name, value in node.kwargs.items() if name != "apart"}
    return module


def _drop_idle(graph: Graph) -> None:
    """Remove views and expansions that do not change the shape, and multiplications by one."""
    for node in list(graph.nodes):
        shaping = node.target in _SHAPING and _shape(node) == _shape(node.args[0]) is not None
        times_one = node.target is torch.ops.aten.mul.Tensor and node.args[1:] == (1,)
        if shaping or (times_one and _kind(node) == _kind(node.args[0])):
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)


def _compute_constants(module: GraphModule) -> None:
    """Precompute what depends on no argument: counters of random draws, zeros, labels."""
    graph, writable = module.graph, _writable(module.graph)
    values: dict[Node, Any] = {}
    for node in list(graph.nodes):
        if node.op == "get_attr":
            values[node] = getattr(module, node.target)
            continue
        computed = node.op == "call_function" and node not in writable
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


def _writable(graph: Graph) -> set[Node]:
    """Return nodes that are written in place, also through a view, or returned to the caller.

    The caller may write returned values in place later.
    """
    nodes = list(graph.nodes)
    found = set(nodes[-1].all_input_nodes)
    for node in reversed(nodes):
        schema = getattr(node.target, "_schema", None)
        if schema is not None and schema.is_mutable:
            found |= {node, node.args[0]}
        views = schema is not None and any(result.alias_info for result in schema.returns)
        if node in found and (views or node.target is operator.getitem):
            found.update(node.all_input_nodes)
    return found


def _call_directly(graph: Graph) -> None:
    """Call torch.add instead of torch.ops.aten.add.Tensor: the same kernel, half the overhead."""
    for node in graph.nodes:
        if isinstance(node.target, torch._ops.OpOverload) and not node.kwargs:
            node.target = _DIRECT.get(node.target.overloadpacket, node.target)
