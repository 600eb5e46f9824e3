"""Forgeries of files, of JSON and of text: what is no record, or no plain one."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.contribute.forgery import Forgery, Raw, edited, written

R1 = "ring8/bare+r1"


def _put(name: str, content: bytes = b"x") -> Callable[..., None]:
    def plant(folder: Path, _: random.Random) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return plant


def _moved(where: str) -> Callable[..., None]:
    def plant(folder: Path, _: random.Random) -> None:
        path = folder / where
        path.parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{R1}.json").rename(path)

    return plant


def _replaced(make: Callable[[Path], object]) -> Callable[..., None]:
    def plant(folder: Path, _: random.Random) -> None:
        path = folder / f"{R1}.json"
        path.unlink()
        make(path)

    return plant


def _record_at(name: str) -> Callable[..., None]:
    def plant(folder: Path, _: random.Random) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / f"{R1}.json", path)

    return plant


def _executable(folder: Path, _: random.Random) -> None:
    (folder / f"{R1}.json").chmod(0o755)


def _manifest(change: Callable[[str], str] | None) -> Callable[..., None]:
    def plant(folder: Path, _: random.Random) -> None:
        path = folder / "submission.yaml"
        if change is None:
            path.unlink()
        else:
            path.write_text(change(path.read_text()), encoding="utf-8")

    return plant


def _artefact(**parts: Any) -> Callable[[Raw], None]:
    whole = {"kind": "points", "shape": [1, 2], "dtype": "float32", "data": "AAAAAAAAAAA="}
    return lambda raw: raw.update(artefacts={"samples": whole | parts})


def _said(*keys: str, text: Any) -> Callable[[Raw], None]:
    def change(raw: Raw) -> None:
        part: Any = raw
        for key in keys[:-1]:
            part = part[key]
        part[keys[-1]] = text

    return change


def _nested(levels: int) -> list[Any]:
    return [_nested(levels - 1)] if levels else []


def _many_metrics(raw: Raw) -> None:
    raw["seeds"][0]["curve"][0]["metrics"] |= {f"m{number}": 0.0 for number in range(5000)}


OF_FILES = {
    "attributes of git": _put(".gitattributes", b"* export-ignore\n"),
    "attributes of git beside a record": _put("ring8/.gitattributes", b"* export-subst\n"),
    "a pickle among actors": _put("actors/ring8/bare.pkl"),
    "a script among logs": _put("logs/run.sh", b"#!/bin/sh\n"),
    "a page": _put("index.html"),
    "a record that is larger than any": _put("ring8/bare+r2.json", b"{" + b" " * 600_000 + b"}"),
    "a folder in front": _record_at("1/local/ring8/bare+r1.json"),
    "a submission in a submission": _record_at("2/local/ring8/bare+r1.json"),
    "a link": _replaced(lambda path: path.symlink_to("/etc/hostname")),
    "a link to a device": _replaced(lambda path: path.symlink_to("/dev/zero")),
    "a pipe": _replaced(os.mkfifo),
    "a program": _executable,
    "a record under another task": _moved("pendulum/bare+r2.json"),
    "a record under another name": _moved("ring8/bare+r2.json"),
    "a name in capital letters": _moved("ring8/Bare+R1.json"),
    "no manifest": _manifest(None),
    "a manifest of other hardware": _manifest(lambda text: text.replace("1 thread", "2 threads")),
    "a manifest without a licence": _manifest(lambda text: text.replace("CC-BY-4.0", "none")),
    "a manifest by a formula": _manifest(lambda text: text.replace("by: ", "by: '=1+' #")),
    "a manifest with a tag": _manifest(lambda text: text + "x: !!python/object:os.system {}\n"),
}

OF_JSON = {
    "a key twice": written(lambda text: text.replace('"base"', '"base": "bare",\n "base"', 1)),
    "a number as text": edited(lambda raw: raw["seeds"][0].update(score="0.5")),
    "a number as a boolean": edited(lambda raw: raw.update(seconds_seeds=True)),
    "4,000 digits": written(lambda text: text.replace('"step": 0', '"step": ' + "9" * 4000, 1)),
    "a number near overflow": written(
        lambda text: text.replace('"score": ', '"score": 1e308, "x": ', 1)
    ),
    "a number that is none": written(
        lambda text: text.replace('"score": ', '"score": NaN, "x": ', 1)
    ),
    "half of a surrogate pair": written(
        lambda text: text.replace('"cpu": "', '"cpu": "\\ud800', 1)
    ),
    "a hundred levels": edited(_said("settings", "r1", "gamma", text=_nested(100))),
    "a negative first bad step": edited(lambda raw: raw["seeds"][0].update(first_bad_step=-1)),
    "equal anchors": edited(_said("score_info", "anchors", "high", text=3.6)),
    "the logarithm of a negative anchor": edited(_said("score_info", "anchors", "low", text=-1.0)),
    "no anchors": edited(_said("score_info", "anchors", text=None)),
    "samples without a shape": edited(_artefact(shape=[])),
    "samples of another size": edited(_artefact(shape=[1000, 1000])),
    "samples that are no base64": edited(_artefact(data="<script>")),
    "metrics by the thousand": edited(_many_metrics),
    "no text": written(lambda text: text[: len(text) // 2]),
    "an unknown field": edited(lambda raw: raw.update(note="hello")),
    "another schema": edited(lambda raw: raw.update(schema_version=99)),
}

OF_TEXT = {
    "a formula": edited(_said("provenance", "cpu", text="=HYPERLINK('x')")),
    "an escape": edited(_said("provenance", "cpu", text="Xeon\x1b[2J")),
    "text from right to left": edited(_said("provenance", "cpu", text="Xeon\u202e")),
    "a letter without width": edited(_said("provenance", "device", text="cpu\u200b")),
    "a line of a log": edited(_said("provenance", "compiler", text="g++\n##[error]x")),
    "a page's script": edited(_said("provenance", "versions", text={"<script>": "1"})),
    "a link": edited(_said("provenance", "suite", text="[x](http://x)")),
    "a colour": edited(_said("provenance", "environment", text="$\\color{red}{x}$")),
    "a name with a path": edited(lambda raw: raw.update(task="../ring8")),
}

FILES = (
    *(Forgery("files", what, plant) for what, plant in OF_FILES.items()),
    *(Forgery("JSON", what, plant) for what, plant in OF_JSON.items()),
    *(Forgery("text", what, plant) for what, plant in OF_TEXT.items()),
)
