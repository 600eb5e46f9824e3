"""Mutants of a record: what a careless or hostile hand, or a broken disk, may make of its file."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 10**9, 10**400, 0.0, -0.0, 0.5, 1e-300, 1e59, 1e308, -1e60),
    *("", "0", "r1", "bare", "../x", "=1+1", "\x1b[31m", "\u202e", "\u200b", "\ud800", "a" * 5000),
    *("<script>alert(1)</script>", "[a](http://b)", "$\\color{red}$", "##[error]x", "::error::x"),
    *([], {}, [[]], [0], {"": 0}, {"a": {"b": [None]}}),
]

Path = tuple[str | int, ...]


def field(place: Path) -> str:
    """A place without numbers: "seeds.*.curve.*.step"."""
    return ".".join("*" if isinstance(part, int) else part for part in place)


def places(value: Any, here: Path = ()) -> list[Path]:
    """Every place in a JSON value, but the whole."""
    inside: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    found = []
    for key, part in inside:
        found += [(*here, key), *places(part, (*here, key))]
    return found


@st.composite
def mutants(draw: st.DrawFn, raw: dict[str, Any]) -> bytes:
    """One change of a value, or of a key, or of a few bytes."""
    kind = draw(st.sampled_from(["value", "value", "near", "key", "remove", "repeat", "bytes"]))
    if kind == "bytes":
        return changed_bytes(draw, json.dumps(raw).encode())
    # A field first, so that the many numbers of curves do not take all tries.
    by_field: dict[str, list[Path]] = {}
    for place in places(raw):
        by_field.setdefault(field(place), []).append(place)
    where = draw(st.sampled_from(by_field[draw(st.sampled_from(sorted(by_field)))]))
    changed = copy.deepcopy(raw)
    parent: Any = changed
    for part in where[:-1]:
        parent = parent[part]
    value = parent[where[-1]]
    if kind == "remove":
        del parent[where[-1]]
    elif kind == "repeat" and isinstance(parent, list):
        parent.insert(where[-1], copy.deepcopy(value))
    elif kind == "key" and isinstance(parent, dict):
        parent[draw(st.sampled_from(["", "x", "fid", "\x1b", "a" * 100]))] = parent.pop(where[-1])
    elif kind == "near" and isinstance(value, (int, float)):
        parent[where[-1]] = value + draw(st.sampled_from([-1, 1, 1e-9, -0.25, 0.001]))
    else:
        parent[where[-1]] = draw(
            st.sampled_from(ODD) | st.floats(allow_subnormal=False) | st.text(max_size=20)
        )
    return json.dumps(changed).encode(errors="surrogatepass")


def changed_bytes(draw: st.DrawFn, text: bytes) -> bytes:
    """The text with a few bytes instead of others."""
    at = draw(st.integers(0, len(text) - 1))
    some = draw(st.binary(max_size=4))
    return text[:at] + some + text[at + draw(st.integers(0, 4)) :]
