"""Validation errors of pydantic in one line."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:  # records need no YAML
    from bench.experiment.strict_yaml import Document

M = TypeVar("M", bound=BaseModel)


def first_problem(error: ValidationError) -> str:
    """Return the first problem in one line: the path of the field, and what is wrong."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]


def validated(model: type[M], document: Document) -> M:
    """Return a document as a model, whose fields need descriptions ("a text") and examples.

    Raises `BadYaml` for the first problem in the file, one line with what to write.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        # A key that is missing may stand there misspelt: that is the better message.
        first = min(error.errors(), key=lambda e: (e["type"] == "missing", _line(document, e)))
        raise document.error(_line(document, first), _problem(model, first)) from error


def _line(document: Document, error: Any) -> int:
    return document.line(error["loc"])


def _problem(model: type[BaseModel], error: Any) -> str:
    from bench.experiment.strict_yaml import shown

    name, *inner = error["loc"] or ("",)
    if error["type"] == "extra_forbidden" and not inner:
        near = difflib.get_close_matches(name, model.model_fields, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}?" if near else f"write {', '.join(model.model_fields)}"
        return f"unknown key {shown(name)}; {hint}"
    field = model.model_fields.get(name)
    if field is None:  # of the whole
        return " ".join(error["msg"].split())
    write = f"write, for example, {name}: {(field.examples or ['...'])[0]}"
    if error["type"] == "missing" and not inner:
        return f"{name} is missing; {write}"
    value = shown(error["input"])
    if not inner:
        return f"{name} is {value}, not {field.description}; {write}"
    part = f"item {inner[0] + 1}" if isinstance(inner[0], int) else shown(inner[0])
    return f"{part} of {name} is {value}, but {name} is {field.description}; {write}"
