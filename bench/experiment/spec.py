"""The hash of everything that a cell's numbers depend on, by which records are found again.

It names what code does, not where it stands: a module is hashed by its syntax tree, in which each
import of another module of the project is replaced by that module's own hash. So a module may be
moved or renamed and no record becomes stale, while a changed constant, however deep, changes the
hash of every cell that depends on it, and of no other.

What is hashed is the code that trains and scores: the task, the strategies, training, and all that
these import. How an outcome is told from a curve (`bench.records.outcomes`) is checked again by
`python -m bench validate`. In a module that is imported as `import package.module`, or whose name a
local variable hides, the name itself counts; the project has none of either.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, resolve_name
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.experiment.protocol import PROTOCOL_VERSION

NEUTRAL_EDITS = Path(__file__).parent / "assets" / "neutral_edits.json"
"""Edits that made code faster or clearer and moved no number: a list of `NeutralEdit`s."""

IMPORTS = (ast.Import, ast.ImportFrom)

UNCOUNTED = ("INSTEAD_OF", "AT_HOME", "IDLE_BESIDE", "RANGES")
"""Declarations that move no number: those of a strategy by which cells are chosen for grids (a cell
names what it adds and removes), and those of a task by which numbers are checked. `HOME` and its
like count, as they always have."""

TRAINING = "bench.training.train"
"""What every cell depends on besides its task and its strategies."""


class NeutralEdit(NamedTuple):
    """A module after edits that moved numbers by rounding at most counts as it did before them.

    Records then stay valid. `tests/experiment/test_spec.py` holds all such edits to trajectories
    that were stored before them.
    """

    module: str  # for people: what was edited
    code: str  # the module's hash after the edits
    counts_as: str  # its hash before them
    why: str


def spec_hash(cell: Cell) -> str:
    """A hash of all that the cell's numbers depend on, besides the machine: 16 hex digits.

    The resolved settings, the task's data, and the code of the cell's modules, so that an edit
    re-runs just the cells it concerns. Comments, docstrings and the names and places of modules do
    not count, nor does the Python version, nor do edits that are known to move no number.
    """
    task = registry.task(cell.task)
    parts: dict[str, Any] = {
        "protocol": PROTOCOL_VERSION,
        "settings": cell.settings(),
        "code": [module_hash(name) for name in roots(cell)],
        "data": task.sources(),
    }
    if cell.updates is not None:
        parts["updates"] = cell.updates
    if cell.play:
        parts["play"] = cell.play
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def roots(cell: Cell) -> list[str]:
    """The modules of the task, of training and of the strategies: all others are their imports."""
    task = type(registry.task(cell.task)).__module__
    return [task, TRAINING, *(registry.strategy(name).module.__name__ for name in cell.strategies)]


def modules(cell: Cell) -> set[str]:
    """Every module that the cell's numbers depend on."""
    return {module for root in roots(cell) for module in (root, *needed_modules(root))}


def needed_modules(name: str) -> frozenset[str]:
    """Every module of the project, or of its own package, that a module imports, however deep."""
    found: set[str] = set()
    open_names = [name]
    while open_names:
        new = _imports(open_names.pop()) - found
        found |= new
        open_names += new
    return frozenset(found)


@cache
def module_hash(name: str, importers: frozenset[str] = frozenset()) -> str:
    """The hash of a module and all that it imports, or the one that it counts as.

    `importers` are the modules that led here, if they are needed by this one in their turn.
    """
    own = code_hash(_source(name), name, importers)
    return neutral_edits().get(own, own)


def code_hash(text: str, name: str, importers: frozenset[str] = frozenset()) -> str:
    """The hash that a module would have with this text, if it counted as nothing else."""
    here = importers | {name}
    hashes = {}
    for target in _targets(text, name):
        circle = needed_modules(target) & here  # as in a plug-in; the project itself has none
        hashes[target] = "" if target in here else module_hash(target, circle)
    return text_hash(text, name, hashes)


@cache
def neutral_edits() -> Mapping[str, str]:
    """The hash of an edited module -> the hash that it counts as."""
    return {edit.code: edit.counts_as for edit in read_neutral_edits()}


def read_neutral_edits() -> list[NeutralEdit]:
    """All edits that are said to move no number."""
    return [NeutralEdit(**edit) for edit in json.loads(NEUTRAL_EDITS.read_text(encoding="utf-8"))]


def _found(name: str) -> ModuleSpec | None:
    """Where a module is, without importing it; None if there is none."""
    try:
        return find_spec(name)
    except ModuleNotFoundError:  # what should be its package is a module
        return None


def _source(name: str) -> str:
    """A module's text; a package may be a folder and nothing else."""
    found = _found(name)
    assert found is not None, f"there is no module {name}"
    return Path(found.origin).read_text(encoding="utf-8") if found.origin else ""


@cache
def _imports(name: str) -> frozenset[str]:
    return _targets(_source(name), name)


def _targets(text: str, name: str) -> frozenset[str]:
    """The project's modules that run before this one: those that it imports, and all packages."""
    _, bindings = _parsed(text, name)
    targets = {binding.target for binding in bindings if binding.target}
    return frozenset(targets.union(*map(_packages, {*targets, name})))


def _packages(name: str) -> set[str]:
    """The packages that a module is in and that have code, which runs before the module's."""
    parts = name.split(".")
    found = {".".join(parts[:end]) for end in range(1, len(parts))}
    return {package for package in found if _is_module(package) and _has_code(package)}


@cache
def _has_code(name: str) -> bool:
    tree, _ = _parsed(_source(name), name)
    return not all(map(_is_bare_constant, tree.body))


@cache
def _parsed(text: str, name: str) -> tuple[ast.Module, tuple[Binding, ...]]:
    """A module's syntax tree, and what its import statements bind."""
    tree = ast.parse(text)
    return tree, tuple(b for node in ast.walk(tree) for b in _bindings(node, name))


class Binding(NamedTuple):
    """What an import statement binds to a local name."""

    local: str
    target: str | None  # the module of the project that it comes from; None for other libraries
    attribute: str | None  # what of that module; None for the module itself


def _bindings(node: ast.AST, importer: str) -> Iterator[Binding]:
    """What a node binds, if it is an import statement of the module `importer`."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            ours = alias.name if _is_ours(alias.name, importer) else None
            local = alias.asname or alias.name
            yield Binding(local, ours, None if ours else f"import {alias.name}")
    elif isinstance(node, ast.ImportFrom):
        source = resolve_name("." * node.level + (node.module or ""), _package(importer))
        for alias in node.names:
            local = alias.asname or alias.name
            if not _is_ours(source, importer):
                yield Binding(local, None, f"{source}.{alias.name}")
                continue
            module = f"{source}.{alias.name}"
            if _is_module(module):
                yield Binding(local, module, None)
            else:
                yield Binding(local, source, alias.name)


def _package(name: str) -> str:
    found = _found(name)
    return "" if found is None else found.parent or ""


def _is_ours(target: str, importer: str) -> bool:
    return target.partition(".")[0] in {"bench", importer.partition(".")[0]}


@cache
def _is_module(name: str) -> bool:
    return _found(name) is not None


def text_hash(text: str, name: str, hashes: Mapping[str, str]) -> str:
    """The hash of the module with this text, given the hashes of what it imports.

    Comments, docstrings and layout do not count, nor does the order of neighbouring imports.
    """
    tree, bindings = _parsed(text, name)
    packages = sorted({hashes.get(package, "") for package in _packages(name)})
    canonical = _Canonical(name, hashes, bindings)(tree)
    return hashlib.sha256(repr((packages, canonical)).encode()).hexdigest()


class _Canonical:
    """Nested tuples with all that matters of a syntax tree, the same under every Python version.

    An import counts as the hash of what is imported and the names that it binds; a module's local
    name counts as the module's hash. Empty fields are left out, because newer versions add fields.
    """

    def __init__(self, name: str, hashes: Mapping[str, str], bindings: Iterable[Binding]) -> None:
        self._name, self._hashes = name, hashes
        self._modules = {
            b.local: hashes[b.target] for b in bindings if b.target and b.attribute is None
        }

    def __call__(self, node: Any) -> Any:
        if isinstance(node, list):
            return tuple(self._statements(node))
        if not isinstance(node, ast.AST):
            return node
        if isinstance(node, ast.Name) and node.id in self._modules:
            return ("module", self._modules[node.id])
        fields = dict(ast.iter_fields(node))
        if "body" in fields and isinstance(fields["body"], list):
            unread = _unread(node) if isinstance(node, ast.Module) else ()
            fields["body"] = [
                item for item in fields["body"] if not (_is_bare_constant(item) or item in unread)
            ]
        kept = ((key, self(value)) for key, value in fields.items() if value not in (None, []))
        return (type(node).__name__, *kept)

    def _statements(self, nodes: list[Any]) -> Iterator[Any]:
        """Neighbouring imports are a set, unless one binds a name that another has bound."""
        for imports, group in groupby(nodes, lambda node: isinstance(node, IMPORTS)):
            if not imports:
                yield from map(self, group)
                continue
            bound = [b for node in group for b in _bindings(node, self._name)]
            entries = [self._entry(binding) for binding in bound]
            unique = len({binding.local for binding in bound}) == len(set(bound))
            yield ("imports", *(sorted(set(entries)) if unique else entries))

    def _entry(self, binding: Binding) -> tuple[str, str]:
        target = self._hashes[binding.target] if binding.target else ""
        if binding.attribute is None:  # a module, whose local name is no matter
            return target, ""
        return target, f"{binding.attribute} as {binding.local}"


def _unread(module: ast.Module) -> list[ast.stmt]:
    """The declarations that do not count, unless the module itself reads them."""
    names = [node for node in ast.walk(module) if isinstance(node, ast.Name)]
    read = {name.id for name in names if isinstance(name.ctx, ast.Load)}
    uncounted = {name for name in UNCOUNTED if name not in read}
    return [
        statement
        for statement in module.body
        if isinstance(statement, ast.Assign)
        and {ast.unparse(target) for target in statement.targets} <= uncounted
    ]


def _is_bare_constant(statement: ast.stmt) -> bool:
    """A docstring, or a constant that stands by itself."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
