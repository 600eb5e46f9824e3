"""Text of strangers in Markdown and CSV: text and nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from bench.records.plain_text import seen
from bench.report.files import FORMULA, Writer, csv_text
from bench.report.rendering import environment, markdown
from tests.support.fakes import bench

ROOT = Path(__file__).resolve().parents[2]

MARKDOWN = [
    ("a|b\n<i> `c`", "a\\|b &lt;i&gt; \\`c\\`"),
    ("[x](javascript:alert(1))", "\\[x\\](javascript:alert(1))"),
    ("![x](y)", "!\\[x\\](y)"),
    ("<https://x.org>", "&lt;https:<span>//</span>x.org&gt;"),
    ("http://x.org", "http:<span>//</span>x.org"),
    ("WWW.x.org", "WWW<span>.</span>x.org"),
    ("a@x.org, @somebody", "a<span>@</span>x.org, <span>@</span>somebody"),
    ("#123, a/b#4, GH-5", "<span>#</span>123, a/b<span>#</span>4, GH<span>-</span>5"),
    ("$\\color{red}{x}$", "<span>$</span>\\\\color{red}{x}<span>$</span>"),
    ("~~gone~~ **bold** _x_", "\\~\\~gone\\~\\~ \\*\\*bold\\*\\* \\_x\\_"),
    ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
    ("\u202eevil\x1b", "?evil?"),
    ("replay (in place of r1), 0.50", "replay (in place of r1), 0.50"),
]


@pytest.mark.parametrize(("text", "escaped"), MARKDOWN)
def test_markdown_shows_the_characters_and_obeys_none(text: str, escaped: str) -> None:
    assert markdown(text) == escaped


def test_what_a_template_inserts_is_escaped_unless_it_is_a_macro() -> None:
    source = "{% macro bold(x) %}**{{ x }}**{% endmacro %}| {{ text }} | {{ bold(text) }} | {{ n }}"
    template = environment("markdown").from_string(source)
    assert template.render(text="a|*", n=3) == "| a\\|\\* | **a\\|\\*** | 3"
    page = environment("html").from_string('<b title="{{ text }}">{{ text }}</b>')
    assert page.render(text='"<\u202e\n') == '<b title="&#34;&lt;?\n">&#34;&lt;?\n</b>'


@pytest.mark.parametrize("start", FORMULA)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(start: str, tmp_path: Path) -> None:
    text = f"{start}cmd|' /C calc'!A0"
    shown = "'" + seen(text, "\n")  # a bare CR would be another row
    frame = pd.DataFrame({"number": [-1.5, 2.0], "text": [text, "plain"]})
    files = Writer(tmp_path).table("t", frame)
    with (tmp_path / files.csv).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, lineterminator="\n"))
    assert rows == [["number", "text"], ["-1.5", shown], ["2.0", "plain"]]
    stored = pd.read_parquet(tmp_path / files.parquet)
    assert list(stored["text"]) == [text, "plain"], "no spreadsheet reads Parquet"


def test_numbers_among_texts_stay_numbers() -> None:
    assert csv_text(pd.DataFrame({"mixed": ["=1", -3, None]})) == 'mixed\n\'=1\n-3\n""\n'


def test_no_text_of_ours_is_changed(tmp_path: Path) -> None:
    """Of all the tables that the committed records make."""
    assert bench("report", "--results", ROOT / "results", "--out", tmp_path / "page") == 0
    found = sorted((tmp_path / "page").rglob("*.parquet"))
    assert len(found) > 20
    for path in found:
        frame = pd.read_parquet(path)
        plain = frame.to_csv(index=False, lineterminator="\n")
        assert path.with_suffix(".csv").read_text(encoding="utf-8") == plain, path.name
