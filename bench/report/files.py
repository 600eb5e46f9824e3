"""Files of a report: pages, tables and figures, and the list of them that a later report reads."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath

import pandas as pd
from pandas.api.types import is_numeric_dtype

from bench.records.plain_text import seen
from bench.report.style import Drawing

LIST = "files.sha256"
"""Names every file of the report in its folder, in the form that `sha256sum --check` reads."""


@dataclass(frozen=True)
class Picture:
    """A figure as a page links it: its address below the site's folder, and its size in pixels."""

    src: str
    width: int
    height: int
    formats: tuple[tuple[str, str], ...] = ()  # "SVG", "PDF" -> the address
    marks: tuple[tuple[str, float, float], ...] = ()  # what lies where, in percent


@dataclass(frozen=True)
class TableFiles:
    """A table's addresses below the site's folder."""

    csv: str
    parquet: str


class Names:
    """File names and HTML ids for parts that may hold anything; distinct for distinct parts."""

    def __init__(self, *reserved: str) -> None:
        self.given: dict[tuple[str, ...], str] = {}
        self.taken = {name.lower() for name in reserved}

    def slug(self, *parts: str) -> str:
        """The name of these parts, the same whenever it is asked for."""
        if parts not in self.given:
            name = "-".join(
                re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-") or "x" for part in parts
            )
            name, number = name[:60], 1
            while name.lower() in self.taken:
                number += 1
                name = f"{name[:56]}-{number}"
            self.given[parts] = name
            self.taken.add(name.lower())
        return self.given[parts]


FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a text begins that a spreadsheet would take for a formula."""


def csv_text(frame: pd.DataFrame) -> str:
    """A table as CSV, the same wherever it is made; no text in it is a formula to a spreadsheet."""

    def plain(cell: object) -> object:
        if not isinstance(cell, str):
            return cell
        return "'" * cell.startswith(FORMULA) + seen(cell, "\n")  # a bare CR would end the row

    texts = [name for name in frame.columns if not is_numeric_dtype(frame[name])]
    safe = frame.assign(**{name: frame[name].map(plain) for name in texts})
    return safe.to_csv(index=False, lineterminator="\n")


class Writer:
    """Writes the files of one site and remembers them; no name leaves the folder `out`."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.written: list[Path] = []
        self.names = Names()

    def slug(self, *parts: str) -> str:
        """A file name for parts that may hold anything."""
        return self.names.slug(*parts)

    def data(self, path: Path, data: bytes) -> str:
        """Write a file; its address."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.written.append(path)
        return path.relative_to(self.out).as_posix()

    def page(self, address: str, text: str) -> None:
        """Write a text file of the site."""
        self.data(self.out / address, text.encode("utf-8"))

    def table(self, name: str, frame: pd.DataFrame) -> TableFiles:
        """Write a CSV and a Parquet file."""
        folder = self.out / "tables"
        return TableFiles(
            self.data(folder / f"{name}.csv", csv_text(frame).encode("utf-8")),
            self.data(folder / f"{name}.parquet", frame.to_parquet(engine="pyarrow", index=False)),
        )

    def figure(self, name: str, drawn: bytes | Drawing | None) -> Picture | None:
        """Write a figure as PNG, and in the vector formats that it has; None for no figure."""
        if drawn is None:
            return None
        drawing = drawn if isinstance(drawn, Drawing) else Drawing(drawn)
        folder = self.out / "figures"
        src = self.data(folder / f"{name}.png", drawing.png)
        formats = tuple(
            (kind.upper(), self.data(folder / f"{name}.{kind}", data))
            for kind, data in drawing.vector.items()
        )
        width, height = struct.unpack(">II", drawing.png[16:24])  # where PNG has them
        return Picture(src, width, height, formats, drawing.marks)

    def assets(self, *names: str) -> None:
        """Copy files that pages load from the package."""
        for name in names:
            content = files("bench.report").joinpath("assets", name).read_bytes()
            self.data(self.out / "assets" / name, content)


def remove_stale(out: Path, written: list[Path]) -> None:
    """Remove what an earlier report left in the folder and this one did not write; list the files.

    Only files that the earlier list names, and that are still as it says, are an earlier report's:
    a file of somebody else, or one that was edited, stays where it is.
    """
    listing = out / LIST
    kept = {path.resolve() for path in written}
    for path, digest in _listed(listing):
        if path.resolve() not in kept and path.is_file() and _digest(path) == digest:
            path.unlink()
            for folder in path.parents:
                if folder == out or any(folder.iterdir()):
                    break
                folder.rmdir()
    inside = sorted(path for path in written if path.is_relative_to(out))
    lines = [f"{_digest(path)}  {path.relative_to(out).as_posix()}\n" for path in inside]
    listing.write_text("".join(lines), encoding="utf-8", newline="\n")


def _listed(listing: Path) -> Iterator[tuple[Path, str]]:
    """The files of an earlier list, and their hashes; only what lies in its folder."""
    if not listing.is_file():
        return
    for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
        found = re.fullmatch(r"([0-9a-f]{64})  (\S.*)", line)
        if found is None:
            continue
        name = PurePosixPath(found[2])
        path = listing.parent / name
        inside = not name.is_absolute() and ".." not in name.parts and "\\" not in found[2]
        if inside and path.resolve().is_relative_to(listing.parent.resolve()):
            yield path, found[1]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
