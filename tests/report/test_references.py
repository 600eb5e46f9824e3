"""BibTeX of the sources that strategies name."""

from __future__ import annotations

import re

from bench.experiment import registry
from bench.report import references


def test_a_source_becomes_entries_with_what_it_says():
    source = "van Hasselt et al., 2016 (PopArt), arXiv 1602.07714; for RL Lin and Long, 1992"
    found = references.entries(source)
    assert list(found) == ["vanhasselt2016_1602.07714", "lin1992"]
    first, second = found.values()
    assert first == (
        "@misc{vanhasselt2016_1602.07714,\n  author = {van Hasselt and others},\n"
        "  year = {2016},\n  eprint = {1602.07714},\n  archivePrefix = {arXiv},\n}\n"
    )
    assert "author = {Lin and Long}" in second
    assert "eprint" not in second


def test_every_strategy_but_the_controls_has_an_entry():
    for name, entry in registry.strategies().items():
        found = references.entries(entry.source)
        assert bool(found) == (entry.home != "control"), name
        numbers = set(re.findall(r"arXiv (\S+?\d)\b(?![.\d])", entry.source)) - {
            "1809.11096"
        }  # has no author
        assert numbers == set(re.findall(r"eprint = \{(.*)\}", "".join(found.values()))), name


def test_a_bibliography_has_each_key_once_and_balanced_braces():
    text = references.bibliography(e.source for e in registry.strategies().values())
    keys = re.findall(r"^@\w+\{(.*),$", text, re.MULTILINE)
    assert keys[:2] == ["crossover", "pfau2016"]
    assert len(keys) == len(set(keys)) > 50
    assert text.count("{") == text.count("}")


def test_only_arxiv_numbers_are_links():
    parts = references.linked('Evil, 2020, arXiv 1234.56789" onload="x, arXiv javascript:1')
    assert [part.arxiv for part in parts] == ["", "1234.56789", ""]
    assert "".join(part.text for part in parts).startswith("Evil, 2020, arXiv 1234.56789")
