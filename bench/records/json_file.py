"""Small, strictly checked JSON files with atomic writes, for records and searches."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bench.experiment.plugins import NAME, PLAYER
from bench.experiment.validation import first_problem
from bench.records import strict_json
from bench.records.atomic import write_atomically

MAX_BYTES = 512 * 1024
RESERVE = 4 * 1024
"""Bytes reserved for everything in a file besides its list of seeds or candidates."""


class CorruptRecord(ValueError):
    """A file that is not a valid record or search; the message names it and the first problem."""

    def __init__(self, path: Path | str, why: str) -> None:
        super().__init__(path, why)
        self.path, self.why = path, why

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


class UnreadableRecord(CorruptRecord):
    """A file that cannot be read now (permissions, disk errors); its content may be valid."""


class Part(BaseModel):
    """Base class of all parts of a file: strict types, no unknown fields, finite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


M = TypeVar("M", bound=Part)
Upgraders = Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]
"""Schema version -> pure function from the content of that version to that of the next one."""


def _null_unless_finite(value: Any) -> Any:
    """Replace a non-finite number by None, because JSON has no NaN."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


Name = Annotated[str, Field(pattern=f"^{NAME.pattern}$", max_length=255)]
"""The name of a task: that of its file."""

ONE = f"{NAME.pattern}(@{PLAYER.pattern})?"

Names = Annotated[str, Field(pattern=f"^{ONE}([+]{ONE})*$", max_length=255)]
"""The name of a strategy, maybe on one player, or of a kit, or several joined by "+"."""

ORDER = f"{PLAYER.pattern}([.]{PLAYER.pattern})*"

Play = Annotated[str, Field(pattern=f"^({ORDER})?$", max_length=255)]
"""An order of play: a word, or players; "" is the task's own."""

Number = Annotated[float | None, BeforeValidator(_null_unless_finite)]


def rounded(value: float | None) -> float | None:
    """Round to seven significant digits, the precision of float32; None if not finite."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.7g}")


def read_model(path: Path, model: type[M], upgraders: Upgraders | None = None) -> M:
    """Return a file's content, upgraded to the present schema version.

    Raises `CorruptRecord`, or `UnreadableRecord` if the file cannot be read.
    """
    try:
        raw = strict_json.load(path, MAX_BYTES)
        while upgraders and raw.get("schema_version") in upgraders:
            raw = upgraders[raw["schema_version"]](raw)
        return model.model_validate(raw)
    except ValidationError as error:
        raise CorruptRecord(path, first_problem(error)) from error
    except OSError as error:
        raise UnreadableRecord(path, f"cannot be read: {error.strerror}") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise CorruptRecord(path, f"not a {model.__name__.lower()}: {error}") from error


def to_text(content: Part, listed: str) -> str:
    """Return JSON with sorted keys, one line per field, and per item of the field `listed`.

    With a dot, as in "rerun.seeds", it is a field of a field, which then has lines of its own.
    An object may be listed, too.
    """
    return f"{_lines(content.model_dump(mode='json'), listed)}\n"


def _lines(raw: dict[str, Any], listed: str) -> str:
    name, _, inner = listed.partition(".")
    lines = {key: _dumps(value) for key, value in raw.items()}
    if name:
        lines[name] = (
            _lines(raw[name], inner)
            if isinstance(raw[name], dict)
            else "[\n  " + ",\n  ".join(_dumps(item) for item in raw[name]) + "\n ]"
        )
    return "{\n" + ",\n".join(f" {_dumps(key)}: {lines[key]}" for key in sorted(lines)) + "\n}"


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
