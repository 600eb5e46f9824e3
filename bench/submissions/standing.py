"""The maintainers' list, results/standing.yaml: whose records make the tables, what is withdrawn.

    maintained: [2/bases, 2/home]
    withdrawn:
      - {what: 2/somebody, date: 2026-11-26, why: "the seeds were chosen after the fact"}
      - {what: 2/somebody/ring8/bare+r1, date: 2026-11-26, why: "made with other code"}

Where there is no such file, as in a folder of one's own, every submission is maintained.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.experiment import strict_yaml
from bench.experiment.validation import first_problem
from bench.records.paths import place

FILE = "standing.yaml"
SUBMISSION = r"[0-9]+/[a-z0-9][a-z0-9._-]*"


class BadStanding(ValueError):
    """A list that cannot be read; the message is one line that names the file."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Withdrawal(_Part):
    """A submission, or one cell of it, that counts nowhere any more, and why."""

    what: Annotated[str, Field(pattern=rf"^{SUBMISSION}(/[^/]+/[^/]+)?$", max_length=400)]
    date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    why: Annotated[str, Field(min_length=10, max_length=300)]

    def covers(self, path: Path) -> bool:
        """Whether a record or a search, by its path, is withdrawn."""
        protocol, submission, task, name = place(path)
        cell = name.removesuffix(".json").removesuffix(".search")
        whole = f"{protocol}/{submission}"
        return self.what in {whole, f"{whole}/{task}/{cell}"}


class _List(_Part):
    maintained: list[Annotated[str, Field(pattern=f"^{SUBMISSION}$")]] = []
    withdrawn: list[Withdrawal] = []


@dataclass(frozen=True)
class Standing:
    """Whose submissions are the maintainers', and what is withdrawn."""

    submissions: frozenset[str] | None = None  # "2/bases", ...; None: all
    withdrawn: tuple[Withdrawal, ...] = field(default=())

    def maintained(self, path: Path) -> bool:
        """Whether a record, by its path, belongs to a submission of the maintainers."""
        protocol, submission, *_ = place(path)
        return self.submissions is None or f"{protocol}/{submission}" in self.submissions

    def judges(self, path: Path) -> bool:
        """Whether other records are judged by this one: the maintainers', and not withdrawn."""
        return self.maintained(path) and self.withdrawal(path) is None

    def withdrawal(self, path: Path) -> Withdrawal | None:
        """Why a record or a search, by its path, counts nowhere; None if it counts."""
        return next((each for each in self.withdrawn if each.covers(path)), None)


def load(results: Path) -> Standing:
    """Return the list of a results folder. Raises `BadStanding`."""
    path = results / FILE
    try:
        document = strict_yaml.load(path)
        found = _List.model_validate(document.data)
    except FileNotFoundError:
        return Standing()
    except strict_yaml.BadYaml as error:
        raise BadStanding(str(error)) from error
    except ValidationError as error:
        raise BadStanding(f"{path}: {first_problem(error)}") from error
    return Standing(frozenset(found.maintained), tuple(found.withdrawn))
