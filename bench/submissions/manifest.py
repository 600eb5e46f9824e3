"""The manifest of a submission, submission.yaml: whose it is, its licence, and how it was made.

    by: somebody
    licence: CC-BY-4.0
    hardware: ["Intel(R) Xeon(R) Processor, 1 thread"]
    code: [0f744a281986c3aedd58420fc529d9e98bb7cf67]

`by` is a login on GitHub, whose owner alone may add to the submission later. `hardware` and `code`
are what the records say. `python -m bench submit` writes it.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.experiment import strict_yaml
from bench.experiment.protocol import PROTOCOL_VERSION
from bench.experiment.validation import validated
from bench.records.paths import LOCAL as OWN
from bench.records.paths import place
from bench.records.record import Provenance
from bench.records.store import Found
from bench.submissions.closed_list import MANIFEST as FILE
from bench.submissions.problem import Problem

Licence = Literal["CC-BY-4.0", "CC0-1.0", "MIT"]
LICENCES: tuple[Licence, ...] = get_args(Licence)

LOGIN = r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}$"

Line = Annotated[str, Field(min_length=1, max_length=250, pattern=r"^[A-Za-z0-9]")]


class BadManifest(ValueError):
    """A manifest that cannot be read; the message is one line that names the file."""


class Manifest(BaseModel):
    """What submission.yaml holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    by: Annotated[str, Field(pattern=LOGIN)] = Field(
        description="a login on GitHub", examples=["somebody"]
    )
    licence: Licence = Field(description=f"one of {', '.join(LICENCES)}", examples=["CC-BY-4.0"])
    hardware: list[Line] = Field(
        description="a list of texts", examples=['["Intel(R) Xeon(R) Processor, 1 thread"]']
    )
    code: list[Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]] = Field(
        description="a list of commits", examples=["[0f744a281986c3aedd58420fc529d9e98bb7cf67]"]
    )


def hardware(origin: Provenance) -> str:
    """A machine in words: its processor or device, and how many threads were used."""
    name = origin.cpu if origin.device == "cpu" else origin.device.partition(": ")[2]
    return f"{name or origin.device}, {origin.threads} thread{'s' * (origin.threads > 1)}"


def of(by: str, licence: str, found: Iterable[Found]) -> Manifest:
    """Return the manifest of records. Raises pydantic's ValidationError for a bad name."""
    origins = [item.record.provenance for item in found]
    return Manifest(
        by=by,
        licence=licence,  # type: ignore[arg-type]  # pydantic rejects others
        hardware=sorted({hardware(origin) for origin in origins}),
        code=sorted({origin.commit for origin in origins if origin.commit is not None}),
    )


def to_text(manifest: Manifest) -> str:
    """Return the text of submission.yaml."""
    return yaml.safe_dump(manifest.model_dump(), sort_keys=False, width=1000)


def load(path: Path) -> Manifest:
    """Return the manifest in a file. Raises `BadManifest`, or FileNotFoundError."""
    try:
        return validated(Manifest, strict_yaml.load(path))
    except FileNotFoundError:
        raise
    except (ValidationError, strict_yaml.BadYaml, OSError) as error:
        raise BadManifest(" ".join(str(error).split())) from error


def problems(path: Path, found: Sequence[Found]) -> Iterator[Problem]:
    """Yield problems of the manifests of all submissions whose folder lies in `path`, or is it."""
    top = Path(os.path.abspath(path))
    folders: dict[Path, list[Found]] = defaultdict(list)
    for item in found:
        protocol, name, task, _ = place(item.path)
        whole = Path(os.path.abspath(item.path))
        folder = item.path.parents[1] if len(item.path.parts) > 2 else whole.parents[1]
        inside = top in {whole.parents[1], *whole.parents[1].parents}
        if inside and name != OWN and (protocol, task) == (PROTOCOL_VERSION, item.record.task):
            folders[folder].append(item)
    for folder, own in folders.items():
        for text in _of_folder(folder, own):
            yield Problem(str(folder / FILE), "manifest", text)


def _of_folder(folder: Path, own: Sequence[Found]) -> Iterator[str]:
    try:
        stated = load(folder / FILE)
    except FileNotFoundError:
        yield "is missing"
        return
    except BadManifest as error:
        yield str(error).removeprefix(f"{folder / FILE}, ")
        return
    expected = of(stated.by, stated.licence, own)
    for name in ("hardware", "code"):
        if sorted(getattr(stated, name)) != getattr(expected, name):
            yield f"its {name} is not what the records say: {', '.join(getattr(expected, name))}"
