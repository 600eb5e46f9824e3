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


def site_text(out: Path) -> str:
    """All pages of a site, one after the other."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(out.rglob("*.html")))


def parse(path: Path) -> Tags:
    tags = Tags()
    tags.feed(path.read_text(encoding="utf-8"))
    return tags


def check_links(path: Path) -> Tags:
    """The page, each of whose links and pictures is a file of the site, and each id is there once.

    A link may lead to a paper on arXiv; nothing is loaded from there.
    """
    page, root = parse(path), folder_of(path).resolve()
    assert len(page.ids) == len(set(page.ids))
    for link in page.links + page.sources:
        if link in page.links and link.startswith("https://arxiv.org/abs/"):
            continue
        file, _, place = link.partition("#")
        target = (path.parent / file if file else path).resolve()
        if link != "data:,":  # an icon that asks for nothing
            assert target.is_relative_to(root), link
            assert target.is_file(), link
            assert not place or place in parse(target).ids, link
    return page


def folder_of(path: Path) -> Path:
    """The folder of the report that a page belongs to."""
    return next(folder for folder in path.parents if (folder / "files.sha256").exists())


def check_site(out: Path) -> dict[str, Tags]:
    """Every page, by its address."""
    return {
        path.relative_to(out).as_posix(): check_links(path) for path in sorted(out.rglob("*.html"))
    }
