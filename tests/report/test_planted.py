"""Markup in every free text of a record is text on every page of every site."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.report.strangers import MAINTAINED, put
from tests.support.fakes import bench

TEXTS = [
    '<script>alert(1)</script>" onclick="alert(2)',
    "'><img src=x onerror=alert(3)>--></style></title>",
    "javascript:alert(4)//` onmouseover=alert(5) x=`{{ 7 * 7 }}",
]
UNUSUAL = re.compile(r"[^A-Za-z0-9 ()\[\].,:;+_/@~#-]")
"""What no text of a machine may hold."""
ADDRESSES = ("href", "src", "action", "formaction", "data", "srcset")


class Shape(HTMLParser):
    """The elements of a page with the names of their attributes, and its addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: Counter[tuple[str, ...]] = Counter()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements[tag, *(name for name, _ in attributes)] += 1
        self.addresses += [value or "" for name, value in attributes if name in ADDRESSES]

    def handle_comment(self, data: str) -> None:
        self.elements["a comment",] += 1


def shapes(out: Path) -> dict[str, Shape]:
    found = {}
    for path in [*out.rglob("*.html"), *out.rglob("*-curves.svg")]:
        found[path.relative_to(out).as_posix()] = shape = Shape()
        shape.feed(path.read_text("utf-8"))
    return found


def planted(text: str) -> None:
    """The same records, with the text in whatever is free in them.

    What a machine says of itself begins with a letter, and has no letters of markup.
    """
    label = f"x {UNUSUAL.sub('', text)}"
    for name in ("core", "aaa"):
        put(name, *MAINTAINED)
    for path in Path("results").rglob("*.json"):
        raw: dict[str, Any] = json.loads(path.read_text())
        made_by = raw["provenance"]
        free = ("suite", "environment", "device", "cpu", "capability", "dtype")
        made_by |= dict.fromkeys((*free, "compiler"), label)
        made_by |= {"versions": {"torch": label}, "data": {label: label}}
        raw["score_info"] |= {"unit": text, "step_unit": text}
        if raw["strategy"] is not None:
            raw["settings"] = {raw["strategy"]: {text: text}}
        for seed in raw["seeds"]:
            seed["attempts"] = [{"reason": "oom", "message": text}]
        path.write_text(json.dumps(raw))


@pytest.mark.parametrize("text", TEXTS)
def test_no_element_and_no_attribute_is_new(board: Path, text: str) -> None:
    planted("plain")
    assert bench("report", "--out", "plain") == 0
    planted(text)
    assert bench("report", "--out", "page") == 0
    plain, page = shapes(Path("plain")), shapes(Path("page"))
    assert set(page) == set(plain)
    assert len(page) > 20
    shown = 0
    for name, shape in page.items():
        assert shape.elements == plain[name].elements, name
        for address in shape.addresses:
            assert not address.lower().strip().startswith(("javascript:", "data:t")), name
        shown += "alert" in Path("page", name).read_text("utf-8")
    assert shown > 10, "nothing was planted"
