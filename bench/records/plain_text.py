"""Text of strangers, made safe to print: nothing unseen in it, nothing that a terminal obeys."""

from __future__ import annotations

import re

UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks without a shape, which Python takes for printable."""

COMMAND = re.compile(r"#(?=#\[)|:(?=:)")
"""Where GitHub's log reader would start a command: "##[" anywhere, "::" where a line starts."""


def seen(text: str, keep: str = "") -> str:
    """Return the text with "?" for what is not to be seen, but for the characters in `keep`.

    That is every control character (ESC too), mark of direction, zero-width character, line or
    paragraph separator, and what is no character at all.
    """
    if text.isprintable() and not UNSEEN.search(text):
        return text
    shown = "".join(c if c.isprintable() or c in keep else "?" for c in text)
    return UNSEEN.sub("?", shown)


def one_line(text: str) -> str:
    """Return the text as one line for a terminal or a log."""
    return COMMAND.sub(r"\g<0> ", seen(" ".join(text.split())))
