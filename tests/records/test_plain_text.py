"""What is safe to print of strangers' text."""

from __future__ import annotations

import pytest

from bench.records.plain_text import one_line, seen

SAME = [
    "results/2/a-b/ring8/bare+r1.json: not a record",
    "naïve, 中文, α ≤ 0.05 → ±1, −3",
    "C:/x # 3, a: b; #[1] [#]",
]
CHANGED = [
    ("two\nlines\tand\r\nmore", "two lines and more"),
    ("\x1b[31mred\x1b]0;title\x07", "?[31mred?]0;title?"),
    ("c1 \x9b2J and \x85next", "c1 ?2J and next"),
    ("\u202eevil\u202c \u2066a\u2069 \u200e\u200f\u061c", "?evil? ?a? ???"),
    ("zero\u200bwidth\u200d\ufeff\u2060", "zero?width???"),
    ("line\u2028paragraph\u2029end", "line paragraph end"),
    ("\u3164\u115f\ufe0f\U000e0101", "????"),
    ("half \ud800", "half ?"),
    ("##[error]no", "# #[error]no"),
    ("a ###[group] b", "a ## #[group] b"),
    ("::set-output name=x::y", ": :set-output name=x: :y"),
    ("a:::b", "a: : :b"),
    ("\x00#\u200b#[debug]", "?#?#[debug]"),
]


@pytest.mark.parametrize("text", SAME)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert one_line(text) == seen(text) == text


@pytest.mark.parametrize(("text", "shown"), CHANGED)
def test_what_a_terminal_or_a_log_would_obey_is_shown(text: str, shown: str) -> None:
    assert one_line(text) == shown
    assert one_line(shown) == shown, "once is enough"
    assert one_line(text).isprintable()


def test_pages_keep_their_lines() -> None:
    assert seen("a\nb\u202e\u2028c", "\n") == "a\nb??c"
