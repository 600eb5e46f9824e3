"""Files of a report: tables and figures beside its pages."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Picture:
    """A figure as a page links it: its address relative to the page, and its size in pixels."""

    src: str
    width: int
    height: int


class Writer:
    """Writes files and remembers them; a name from a record never leaves the folder.

    Pages lie in `out`, and what they link in its folder `assets`.
    """

    def __init__(self, out: Path, assets: str = "") -> None:
        self.out = out
        self.assets = out / assets
        self.written: list[Path] = []
        self.names: dict[tuple[str, ...], str] = {}

    def text(self, path: Path, text: str) -> None:
        """Write a text file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        self.written.append(path)

    def table(self, name: str, frame: pd.DataFrame) -> str:
        """Write a CSV file; its address."""
        path = self.assets / "tables" / f"{name}.csv"
        self.text(path, frame.to_csv(index=False, lineterminator="\n"))
        return path.relative_to(self.out).as_posix()

    def figure(self, name: str, data: bytes | None) -> Picture | None:
        """Write a PNG; None for a figure that does not exist."""
        if data is None:
            return None
        path = self.assets / "figures" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.written.append(path)
        width, height = struct.unpack(">II", data[16:24])  # where PNG has them
        return Picture(path.relative_to(self.out).as_posix(), width, height)

    def slug(self, *parts: str) -> str:
        """A file name and HTML id for parts that may hold anything; distinct for distinct parts."""
        if parts not in self.names:
            name = "-".join(
                re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-") or "x" for part in parts
            )
            name, number = name[:60], 1
            while name.lower() in {known.lower() for known in self.names.values()}:
                number += 1
                name = f"{name[:56]}-{number}"
            self.names[parts] = name
        return self.names[parts]
