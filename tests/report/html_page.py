"""Reads the HTML pages of a report."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path


class Tags(HTMLParser):
    """Every tag of a page, and every address that it would load."""

    def __init__(self):
        super().__init__()
        self.tags, self.sources, self.links, self.ids = [], [], [], []

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.tags.append(tag)
        self.sources += [known["src"]] if "src" in known else []
        self.links += [known["href"]] if tag in ("a", "link") else []
        self.ids += [known["id"]] if "id" in known else []


def parse(path: Path) -> Tags:
    tags = Tags()
    tags.feed(path.read_text(encoding="utf-8"))
    return tags
