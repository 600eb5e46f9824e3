"""The maintainers' list, results/standing.yaml: whose records make the tables, what is withdrawn.

    maintained: [2/bases, 2/home]
    withdrawn:
      - {what: 2/somebody, date: 2026-11-26, why: "the seeds were chosen after the fact"}
      - {what: 2/somebody/ring8/bare+r1, date: 2026-11-26, why: "made with other code"}

Where there is no such file, as in a folder of one's own, every submission is maintained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bench.experiment import strict_yaml
from bench.experiment.validation import first_problem
from bench.records.paths import place
from bench.submissions.closed_list import STANDING as FILE
from bench.submissions.problem import Problem

SUBMISSION = r"[0-9]+/[a-z0-9][a-z0-9._-]*"


class BadStanding(ValueError):
    """A list that cannot be read; the message is one line that names the file."""


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text} is no date") from error
    return text


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Withdrawal(_Part):
    """A submission, or one cell of it, that counts nowhere any more, and why."""

    what: Annotated[str, Field(pattern=rf"^{SUBMISSION}(/[^/]+/[^/]+)?$", max_length=400)]
    date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]
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
    if not results.is_dir():  # one record
        return Standing()
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


REMEDY = "write the line in results/standing.yaml again, as its first lines say"


def problems(results: Path) -> list[Problem]:
    """Return everything that is wrong with the list of a results folder, if it has one."""
    path = results / FILE
    if not results.is_dir():
        return []
    try:
        document = strict_yaml.load(path)
    except FileNotFoundError:
        return []
    except strict_yaml.BadYaml as error:
        return [_problem(str(path), str(error))]
    files = (each for each in results.glob("*/*/*/*.json") if each.is_file())
    return of_document(document, [file.relative_to(results).as_posix() for file in files])


def of_text(raw: bytes, name: str, files: Collection[str]) -> list[Problem]:
    """Return everything that is wrong with a list's content, beside the files of results."""
    try:
        return of_document(strict_yaml.parse(raw, name), files)
    except strict_yaml.BadYaml as error:
        return [_problem(name, str(error))]


def of_document(document: strict_yaml.Document, files: Collection[str]) -> list[Problem]:
    """The same once it is read; `files` are records and searches, as in 2/me/dirac/bare.json."""
    name = document.name
    try:
        found = _List.model_validate(document.data)
    except ValidationError as error:
        where = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
        return [_problem(name, f"{place}: {text}") for place, text in where]
    cells = {file.removesuffix(".json").removesuffix(".search") for file in files}
    there = cells | {"/".join(cell.split("/")[:2]) for cell in cells}
    withdrawn = [each.what for each in found.withdrawn]
    texts = []
    for kind, named in (("maintained", found.maintained), ("withdrawn", withdrawn)):
        for what, count in Counter(named).items():
            if what not in there:
                texts.append(f"{kind}: there is no {what}")
            if count > 1:
                texts.append(f"{kind}: {what} stands there {count} times")
    return [_problem(name, text) for text in texts]


def _problem(file: str, text: str) -> Problem:
    return Problem(file, "form", text.removeprefix(f"{file}, "), REMEDY)
