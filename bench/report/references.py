"""BibTeX: the suite, the paper that it builds on, and the sources of strategies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

SUITE = """@software{crossover,
  title = {Crossover: which tricks that stabilise {GAN} training also stabilise actor-critic {RL}?},
  author = {{Crossover contributors}},
  version = {0.1.0},
}
"""
PAPER = """@misc{pfau2016,
  title = {Connecting Generative Adversarial Networks and Actor-Critic Methods},
  author = {Pfau, David and Vinyals, Oriol},
  year = {2016},
  eprint = {1610.01945},
  archivePrefix = {arXiv},
}
"""
ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5})")
WORK = re.compile(r"((?:van )?[A-Z][\w-]+(?: and [A-Z][\w-]+)?)( et al\.)?, (\d{4})")


class Part(NamedTuple):
    """A piece of a source's text, and the arXiv number that it links to, if it does."""

    text: str
    arxiv: str = ""


def linked(source: str) -> list[Part]:
    """A source's text in pieces, of which those with an arXiv number can be links."""
    parts, end = [], 0
    for found in ARXIV.finditer(source):
        parts += [Part(source[end : found.start()]), Part(found[0], found[1])]
        end = found.end()
    return [part for part in (*parts, Part(source[end:])) if part.text]


def entries(source: str) -> dict[str, str]:
    """BibTeX entries of a source such as "Mescheder et al., 2018, arXiv 1801.04406", by their key.

    Sources name first authors, years and arXiv numbers, so that is what entries have: no titles.
    A work without author or year is left out.
    """
    found = {}
    for text in source.split("; "):
        work, arxiv = WORK.search(text), ARXIV.search(text)
        if work is None:
            continue
        names, more, year = work.groups()
        key = re.sub(r"[^a-z]", "", names.partition(" and ")[0].lower()) + year
        key += f"_{arxiv[1]}" if arxiv else ""
        lines = [f"  author = {{{names}{' and others' if more else ''}}},", f"  year = {{{year}}},"]
        if arxiv:
            lines += [f"  eprint = {{{arxiv[1]}}},", "  archivePrefix = {arXiv},"]
        found[key] = "\n".join([f"@misc{{{key},", *lines, "}"]) + "\n"
    return found


def bibliography(sources: Iterable[str]) -> str:
    """The suite, the paper, and each work of these sources once, sorted by key."""
    found: dict[str, str] = {}
    for source in sources:
        found |= entries(source)
    found.pop("pfau2016_1610.01945", None)  # is there, with its title
    return "\n".join([SUITE, PAPER, *(text for _, text in sorted(found.items()))])
