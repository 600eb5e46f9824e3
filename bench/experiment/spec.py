"""The hash of everything that a cell's numbers depend on, by which records are found again."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec, resolve_name
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.experiment.protocol import PROTOCOL_VERSION

NEUTRAL_EDITS = Path(__file__).parent / "assets" / "neutral_edits.json"
"""Edits that made code faster or clearer and moved no number: module -> `NeutralEdit`."""


class NeutralEdit(NamedTuple):
    """A module's code after edits that moved numbers by rounding at most counts as that before.

    Records then stay valid. `tests/experiment/test_spec.py` holds all such edits to trajectories that were
    stored before them.
    """

    code: str  # the hash of the module's code after the edits
    counts_as: str  # the hash of its code before them
    why: str


def spec_hash(cell: Cell) -> str:
    """A hash of all that the cell's numbers depend on, besides the machine: 16 hex digits.

    The resolved settings, the task's data, and the code of the cell's modules, so that an edit
    re-runs just the cells it concerns. Comments and docstrings do not count, nor does the Python
    version, nor do edits that are known to move no number (`NeutralEdit`).
    """
    task = registry.task(cell.task)
    parts: dict[str, Any] = {
        "protocol": PROTOCOL_VERSION,
        "settings": cell.settings(),
        "code": {name: counted_hash(import_module(name)) for name in modules(cell)},
        "data": task.sources(),
    }
    if cell.updates is not None:
        parts["updates"] = cell.updates
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def modules(cell: Cell) -> list[str]:
    """The task, the strategies, training, and every module of the project that these import."""
    roots = [type(registry.task(cell.task)).__module__, "bench.training.train"]
    roots += [registry.strategy(name).module.__name__ for name in cell.strategies]
    return sorted(set(roots).union(*map(needed_modules, roots)))


@cache
def needed_modules(name: str) -> frozenset[str]:
    """Every module of the project, or of its own package, that a module imports, however deep."""
    packages = {"bench", "strategies", "tasks", name.partition(".")[0]}
    found: set[str] = set()
    open_names = [name]
    while open_names:
        new = {m for m in _imported(open_names.pop()) if m.partition(".")[0] in packages} - found
        found |= new
        open_names += new
    return frozenset(found)


def _imported(name: str) -> Iterator[str]:
    """The modules that a module names in its import statements, wherever these stand."""
    module = import_module(name)
    for node in ast.walk(ast.parse(_source(module))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), module.__package__)
            yield source
            inside = (f"{source}.{alias.name}" for alias in node.names)
            yield from (name for name in inside if _is_module(name))


def _source(module: ModuleType) -> str:
    """A module's text; a package may be a folder and nothing else."""
    file = getattr(module, "__file__", None)
    return "" if file is None else Path(file).read_text(encoding="utf-8")


def _is_module(name: str) -> bool:
    package = import_module(name.rpartition(".")[0])
    return hasattr(package, "__path__") and find_spec(name) is not None


@cache
def neutral_edits() -> Mapping[str, NeutralEdit]:
    """Module -> its edits that moved no number."""
    found = json.loads(NEUTRAL_EDITS.read_text(encoding="utf-8"))
    return {module: NeutralEdit(**edit) for module, edit in found.items()}


def counted_hash(module: ModuleType) -> str:
    """`code_hash`, or that of the code which the module's counts as."""
    own = code_hash(module)
    edit = neutral_edits().get(module.__name__)
    return edit.counts_as if edit is not None and edit.code == own else own


@cache
def code_hash(module: ModuleType) -> str:
    """A hash of a module's syntax tree without comments, docstrings and layout."""
    return text_hash(_source(module))


def text_hash(text: str) -> str:
    """`code_hash` of the module with this text."""
    return hashlib.sha256(repr(_canonical(ast.parse(text))).encode()).hexdigest()


def _canonical(node: Any) -> Any:
    """Nested tuples with all that matters of a syntax tree, the same under every Python version.

    Empty fields are left out, because newer versions add fields.
    """
    if isinstance(node, list):
        return tuple(_canonical(item) for item in node)
    if not isinstance(node, ast.AST):
        return node
    fields = dict(ast.iter_fields(node))
    if "body" in fields and isinstance(fields["body"], list):
        fields["body"] = [
            item
            for item in fields["body"]
            if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
        ]
    kept = ((name, _canonical(value)) for name, value in fields.items() if value not in (None, []))
    return (type(node).__name__, *kept)
