"""What tasks and strategies declare, read from their source code without running it.

Importing them imports PyTorch, which takes longer than everything else that a list needs. What is
read here is what `registry` finds by importing; a test holds the one to the other. Whatever is not
declared in the usual way is `Unreadable`, and has to be imported. That a module can be imported at
all is not found out here.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ALLOWED = {
    "float": float,
    "Metric": lambda *args: SimpleNamespace(name=args[0], better=args[2]),
    "FailureMode": lambda *args: SimpleNamespace(kind=args[0], metric=args[1]),
}
"""What a declaration that is read here may call."""


WITHOUT_VALUES = {"ABC"}
"""Bases of other libraries that declare nothing."""


class Unset(LookupError):
    """A class without the attribute."""


class Unreadable(LookupError):
    """A declaration that is not made in the usual way, so that it must be imported."""


@dataclass(frozen=True)
class Source:
    """The text of a module, parsed."""

    name: str
    tree: ast.Module
    classes: Mapping[str, ast.ClassDef] = field(default_factory=dict)
    values: Mapping[str, ast.expr] = field(default_factory=dict)  # of the module's variables
    imports: Mapping[str, str] = field(default_factory=dict)  # local name -> module

    @property
    def first_line(self) -> str:
        """The first line of the module's docstring."""
        return (ast.get_docstring(self.tree) or "").partition("\n")[0]

    def value(self, name: str) -> Any:
        """The value of a variable or a class of the module or of one that it imports."""
        if name in self.values:
            mentions = [n for n in ast.walk(self.tree) if isinstance(n, ast.Name) and n.id == name]
            if sum(not isinstance(n.ctx, ast.Load) for n in mentions) > 1 or self._changes(name):
                raise Unreadable(f"{self.name}: {name} is changed after it was assigned")
            return evaluate(self.values[name], self)
        if name not in self.classes and name not in self.imports:
            raise Unreadable(f"{self.name} has no {name}")
        return (
            ClassView(self, name) if name in self.classes else read(self.imports[name]).value(name)
        )

    def _changes(self, name: str) -> bool:
        """Whether an item or a method of a variable is used outside of functions."""
        top = [node for node in self.tree.body if not isinstance(node, ast.FunctionDef)]
        return any(
            isinstance(node, ast.Subscript | ast.Attribute) and ast.unparse(node.value) == name
            for statement in top
            for node in ast.walk(statement)
        )


@dataclass(frozen=True)
class ClassView:
    """A class of which attributes can be read."""

    source: Source
    name: str

    def __getattr__(self, attribute: str) -> Any:
        return class_value(self.source, self.name, attribute)


@cache
def read(name: str) -> Source:
    """A module's source by its name, without importing it. Raises `Unreadable`."""
    found = find_spec(name)
    if found is None or not found.has_location or found.origin is None:
        raise Unreadable(f"there is no source of {name}")
    tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
    imports = {
        alias.asname or alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    return Source(name, tree, classes, dict(_assigned(tree)), imports)


def _assigned(body: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            yield ast.unparse(node.target), node.value
        elif isinstance(node, ast.Assign):
            yield ast.unparse(node.targets[0]), node.value


def evaluate(expression: ast.expr, source: Source) -> Any:
    """The value of an expression of literals, other variables and what is `ALLOWED`."""

    class Names(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            return source.value(name)

    code = compile(ast.Expression(expression), source.name, "eval")
    return eval(code, {"__builtins__": {}}, Names(ALLOWED))


def class_value(source: Source, class_name: str, attribute: str) -> Any:
    """The value of a class attribute, its own or the first base's that has one.

    Raises `Unset` if none has, `Unreadable` if that is not clear.
    """
    for where, name in _line(source, class_name):
        within, definition = read(where), read(where).classes[name]
        own = dict(_assigned(definition))
        if attribute in own:
            return evaluate(own[attribute], within)
        if any(getattr(node, "name", None) == attribute for node in definition.body):
            raise Unreadable(f"{where}.{name}.{attribute} is computed")
    raise Unset(f"{source.name}.{class_name} has no {attribute}")


def _line(source: Source, class_name: str) -> list[tuple[str, str]]:
    """A class and all its bases as (module, name), in the order in which Python looks into them.

    Raises `Unreadable` if that is not clear.
    """
    if class_name not in source.classes:
        if class_name not in source.imports:
            raise Unreadable(f"{source.name}: it is not clear what {class_name} is")
        return _line(read(source.imports[class_name]), class_name)
    bases = map(ast.unparse, source.classes[class_name].bases)
    lines = [_line(source, base) for base in bases if base not in WITHOUT_VALUES]
    lines.append([line[0] for line in lines])
    found = [(source.name, class_name)]
    while lines := [line for line in lines if line]:  # C3: whatever is nobody's later base
        later = {each for line in lines for each in line[1:]}
        ahead = next((line[0] for line in lines if line[0] not in later), None)
        if ahead is None:
            raise Unreadable(f"{source.name}.{class_name}: its bases have no order")
        found.append(ahead)
        lines = [line[1:] if line[0] == ahead else line for line in lines]
    return found


def task(module: str, attributes: tuple[str, ...]) -> dict[str, Any]:
    """Attributes of the task that a module declares, and `about`, its docstring's first line."""
    source = read(module)
    made = source.values.get("task")
    if not isinstance(made, ast.Call) or made.args or made.keywords:
        raise Unreadable(f"{module}: `task` is not made by calling its class")
    class_name = ast.unparse(made.func)
    found = {name: class_value(source, class_name, name) for name in attributes}
    return {**found, "about": source.first_line}


def strategy(name: str, module: str) -> dict[str, Any]:
    """What a strategy's module declares.

    `home`, `source`, `instead_of`, `search`, `settings` and `about`.
    """
    source = read(module)
    source.value("NEUTRAL")  # without which it is no strategy
    (factory,) = (
        node for node in source.tree.body if isinstance(node, ast.FunctionDef) and node.name == name
    )
    arguments = zip(factory.args.kwonlyargs, factory.args.kw_defaults, strict=True)
    return {
        "home": source.value("HOME"),
        "source": source.value("SOURCE"),
        "instead_of": tuple(source.value("INSTEAD_OF")) if "INSTEAD_OF" in source.values else (),
        "search": source.value("SEARCH") if "SEARCH" in source.values else {},
        "settings": {
            argument.arg: evaluate(default, source)
            for argument, default in arguments
            if default is not None
        },
        "about": inspect.cleandoc(ast.get_docstring(factory) or "").partition("\n")[0],
    }


def module_names(package: str) -> dict[str, str]:
    """The module of every task or strategy of the suite by name.

    See `bench.experiment.registry`, which imports them, and plug-ins too.
    """
    found = find_spec(f"bench.{package}")
    assert found is not None
    folders = found.submodule_search_locations or []
    files = sorted(path for folder in folders for path in Path(folder).glob("*.py"))
    return {path.stem: f"bench.{package}.{path.stem}" for path in files if path.stem != "__init__"}
