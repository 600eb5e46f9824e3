"""Small strict JSON files that are there whole or not at all: what records and searches share."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from bench.experiment.validation import first_problem
from bench.records.atomic import write_atomically

MAX_BYTES = 64 * 1024
RESERVE = 4 * 1024
"""Bytes of a file besides its list of seeds or candidates."""


class CorruptRecord(ValueError):
    """A file that is no valid record or search; the message names it and the first problem."""


class UnreadableRecord(CorruptRecord):
    """A file that cannot be read now; what is in it may be good."""


class Part(BaseModel):
    """What files are made of: unknown fields and numbers that are not finite are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


M = TypeVar("M", bound=Part)
Upgraders = Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]
"""Pure functions from the content of one schema version to that of the next one."""


def _null_unless_finite(value: Any) -> Any:
    """JSON has no NaN: a number that is not finite is stored as null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_null_unless_finite)]


def rounded(value: float | None) -> float | None:
    """Seven significant digits, which is what float32 networks hold; None if not finite."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.7g}")


def read_model(path: Path, model: type[M], upgraders: Upgraders | None = None) -> M:
    """The content of a file. Raises `CorruptRecord`, or `UnreadableRecord` where it cannot tell."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CorruptRecord(f"{path}: larger than {MAX_BYTES // 1024} kB")
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text, parse_constant=_finite_number, parse_float=_finite_number)
        if not isinstance(raw, dict):
            raise CorruptRecord(f"{path}: not a JSON object")
        while upgraders and raw.get("schema_version") in upgraders:
            raw = upgraders[raw["schema_version"]](raw)
        return model.model_validate(raw)
    except CorruptRecord:
        raise
    except ValidationError as error:
        raise CorruptRecord(f"{path}: {first_problem(error)}") from error
    except OSError as error:
        raise UnreadableRecord(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise CorruptRecord(f"{path}: not a {model.__name__.lower()}: {error}") from error


def _finite_number(text: str) -> float:
    """JSON has no NaN and no infinity, written out or as 1e999, although Python reads them."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def to_text(content: Part, listed: str) -> str:
    """JSON with sorted keys: a line for each field, and one for each item of the list `listed`."""
    raw = content.model_dump(mode="json")
    lines = {key: _dumps(value) for key, value in raw.items()}
    lines[listed] = "[\n  " + ",\n  ".join(_dumps(item) for item in raw[listed]) + "\n ]"
    return "{\n" + ",\n".join(f' "{key}": {lines[key]}' for key in sorted(lines)) + "\n}\n"


def _dumps(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def write_model(path: Path, content: Part, listed: str) -> None:
    """Write atomically, so that a reader sees the old file or the new one.

    Raises ValueError if it would be larger than `MAX_BYTES`.
    """
    text = to_text(content, listed)
    if len(text.encode()) > MAX_BYTES:
        kind = type(content).__name__.lower()
        raise ValueError(f"{path}: the {kind} would exceed {MAX_BYTES // 1024} kB")
    write_atomically(path, text)
