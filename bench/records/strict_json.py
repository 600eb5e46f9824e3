"""Reads JSON of strangers: every file either gives plain values, or one reason why it does not.

JSON's grammar leaves open what Python's parser then takes: equal keys (the last one wins), NaN,
numbers of thousands of digits, escapes and invisible letters. A path may be a pipe or a device.
Nothing of this is a record.
"""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

LARGEST = 1e60
"""No number is larger: float32 ends at 3.4e38, and sums of squares must be finite."""
MOST_DIGITS = 40
"""Of a number as it is written."""
DEEPEST = 12
"""How many objects and lists may be inside one another."""


class BadJson(ValueError):
    """A file that is no strict JSON object; the message says why in words, without its path."""


def load(path: Path, most_bytes: int) -> dict[str, Any]:
    """Return the object in a file. Raises `BadJson`, and OSError if it cannot be read."""
    return parse(read_bytes(path, most_bytes))


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """Return what a plain file of so many bytes at most holds.

    Raises `BadJson` for a folder, a pipe, a device or a larger file, and OSError if it cannot be
    read.
    """
    # Without waiting for somebody to write into a pipe.
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise BadJson("no plain file")
        with os.fdopen(number, "rb", closefd=False) as file:
            raw = file.read(most_bytes + 1)
    finally:
        os.close(number)
    if len(raw) > most_bytes:
        raise BadJson(f"larger than {most_bytes // 1024} kB")
    return raw


def parse(raw: bytes) -> dict[str, Any]:
    """Return the object that the bytes are. Raises `BadJson`."""
    try:
        found = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_number,
        )
    except UnicodeDecodeError as error:
        raise BadJson(f"no UTF-8 text: byte {error.start}") from error
    except RecursionError as error:
        raise BadJson("too many levels") from error
    except json.JSONDecodeError as error:
        raise BadJson(str(error)) from error
    if not isinstance(found, dict):
        raise BadJson("not a JSON object")
    _check(found, DEEPEST)
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadJson(f"{twice[:40]!r} is given twice")
    return found


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise BadJson(f"a number of {len(text)} digits")
    return int(text)


def _number(text: str) -> float:
    """NaN and infinities are written as words, which JSON does not have."""
    number = float(text)
    if not math.isfinite(number):
        raise BadJson(f"{text[:40]} is not a finite number")
    if abs(number) > LARGEST:
        raise BadJson(f"{text[:40]} is larger than any result, {LARGEST:g}")
    return number


def _check(value: Any, levels: int) -> None:
    """Raise `BadJson` for what is too deep, and for text that does not show what it holds.

    That is what a terminal, a page or a log may obey: controls and escapes, marks that turn the
    direction of text, letters without width, halves of surrogate pairs, line ends.
    """
    if isinstance(value, str):
        if not value.isprintable():
            odd = next(letter for letter in value if not letter.isprintable())
            raise BadJson(f"{value[:40]!a} holds U+{ord(odd):04X}, which is not printed")
        return
    if isinstance(value, int) and abs(value) > LARGEST:
        raise BadJson(f"{str(value)[:40]} is larger than any result, {LARGEST:g}")
    if not isinstance(value, (dict, list)):
        return
    if levels == 0:
        raise BadJson(f"more than {DEEPEST} levels")
    for name in value if isinstance(value, dict) else ():
        _check(name, levels)
    for part in value.values() if isinstance(value, dict) else value:
        _check(part, levels - 1)
