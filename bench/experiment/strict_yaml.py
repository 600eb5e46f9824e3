"""Strict YAML for files that people write, safe for files of strangers too.

Values are JSON's: null, true, false, decimal numbers, texts, lists, mappings. What YAML's versions
read differently (yes, 010, 1:30, dates) stays a text, for strict types to refuse. Each key stands
once; tags, anchors, aliases and directives are errors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

MAX_BYTES = 64 * 1024
MAX_DEPTH = 20

CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")  # longer ones stay texts: int() refuses some
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)")
# Nor line breaks that editors do not count, nor byte order marks within the text.
NO_TEXT = re.compile(
    r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
NOT_READ = {"!": "a tag", "&": "an anchor", "*": "an alias", "%": "a directive"}
HINTS = {
    "is not read": "write the value itself, and a text that begins so in quotes",
    "levels deep": "write it flatter",
    "another document": "write one, without a second '---'",
    "escape": r"write \\ for a backslash",
    r"'\t'": "indent with spaces, not with tabs",
    "cannot start any token": "put a text that begins so in quotes",
    "mapping values": "indent keys alike, and put a text with ': ' in it in quotes",
    "expected ':'": "write key: value, and indent keys alike",
    "expected ','": "separate items by commas, and close the bracket",
    "'<stream end>'": "close the bracket",
    "end of stream": "close the quote",
    "": "indent keys alike, and put a text with special characters in quotes",
}
"""A part of PyYAML's message -> what to do; the first that fits."""

Keys = tuple[str | int, ...]


class BadYaml(ValueError):
    """A file that cannot be read; the message is one line: file, line, what to write."""


@dataclass
class Document:
    """A file's content, and the line on which each part of it stands."""

    name: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Keys, int] = field(default_factory=dict)

    def line(self, keys: Iterable[str | int]) -> int:
        """Return the line of a path of keys and indices, or of the nearest part around it."""
        path = tuple(keys)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def error(self, line: int, problem: str) -> BadYaml:
        """Return the error for a problem on a line."""
        return BadYaml(f"{self.name}, line {line}: {problem}")


def load(path: Path) -> Document:
    """Return a file's content. Raises `BadYaml`, and FileNotFoundError if there is no such file."""
    try:
        if path.is_dir():
            raise BadYaml(f"{path} is a folder; name a YAML file in it")
        if path.exists() and not path.is_file():  # a pipe may never end
            raise BadYaml(f"{path} is not a regular file; save its content as one")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BadYaml(f"{path} cannot be read: {error.strerror}; name another file") from error
    return parse(raw, str(path))


def parse(raw: bytes, name: str) -> Document:
    """Return the content of a file of this name. Raises `BadYaml`."""
    document = Document(name)
    root = _composed(_text(raw, document), document)
    if not isinstance(root, yaml.MappingNode):
        raise document.error(1, "the file holds no keys; write lines of key: value")
    document.lines[()] = _line(root)
    document.data = _built(root, (), document)
    return document


def shown(value: Any) -> str:
    """Return a value as it stands in a message: short, and in one line."""
    if isinstance(value, bool) or value is None:
        return "empty" if value is None else str(value).lower()
    if isinstance(value, list | tuple | dict):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:36]}...{text[-1]}"


def _text(raw: bytes, document: Document) -> str:
    if len(raw) > MAX_BYTES:
        line = raw[:MAX_BYTES].count(b"\n") + 1
        raise document.error(line, f"more than {MAX_BYTES // 1024} KiB; write a shorter file")
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = f"0x{error.object[error.start]:02x}"
        raise document.error(line, f"the byte {byte} is not UTF-8; save it as UTF-8") from error
    if wrong := NO_TEXT.search(text):
        line = text.count("\n", 0, wrong.start()) + 1
        raise document.error(line, f"the character U+{ord(wrong[0]):04X} is not text; remove it")
    return text


class _Loader(yaml.BaseLoader):
    """PyYAML's parser, without tags, anchors, aliases and directives, and not deep."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.depth > MAX_DEPTH:  # before Python's stack ends
            self._refuse(f"more than {MAX_DEPTH} levels deep", self.peek_event().start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def _refuse(self, problem: str, mark: Any) -> NoReturn:
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)

    def _not_read(self) -> NoReturn:
        first = self.peek()
        self._refuse(f"{first!r} begins {NOT_READ[first]}, which is not read", self.get_mark())

    fetch_tag = fetch_anchor = fetch_alias = fetch_directive = _not_read


def _composed(text: str, document: Document) -> yaml.Node | None:
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        # What is not closed is named by its beginning, not by the end of the file.
        inside = re.search("flow|quoted|simple key", error.context or "")
        mark = error.context_mark if inside else error.problem_mark
        problem = str(error.problem).removeprefix("but ")
        hint = next(hint for part, hint in HINTS.items() if part in problem)
        line = min(mark.line if mark else 0, text.rstrip().count("\n")) + 1  # not after the last
        raise document.error(line, f"{problem}; {hint}") from error
    except (ValueError, OverflowError) as error:  # of chr()
        problem = "an escape in a text is no character; write the character itself"
        raise document.error(loader.line + 1, problem) from error


def _built(node: yaml.Node, path: Keys, document: Document) -> Any:
    """Return a node's value, and note the lines of its parts."""
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, document)
    if isinstance(node, yaml.SequenceNode):
        document.lines |= {(*path, index): _line(item) for index, item in enumerate(node.value)}
        return [_built(item, (*path, index), document) for index, item in enumerate(node.value)]
    found: dict[str, Any] = {}
    for key_node, value in node.value:
        key = _key(key_node, document)
        if key in found:
            first = f"{shown(key)} already stands on line {document.line((*path, key))}"
            raise document.error(_line(key_node), f"{first}; write each key once")
        document.lines[*path, key] = _line(key_node)
        found[key] = _built(value, (*path, key), document)
    return found


def _key(node: yaml.Node, document: Document) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise document.error(_line(node), "a key is a list or a mapping; write a word as the key")
    key = _scalar(node, document)
    if not isinstance(key, str):
        raise document.error(_line(node), f"a key is {shown(key)}, not a text; put it in quotes")
    if key == "<<" and not node.style:
        raise document.error(_line(node), "'<<' merges nothing here; write the keys themselves")
    return key


def _scalar(node: yaml.ScalarNode, document: Document) -> Any:
    text = node.value
    if wrong := NO_TEXT.search(text):
        problem = f"the character U+{ord(wrong[0]):04X} is not text; remove its escape"
        raise document.error(_line(node), problem)
    if node.style:  # in quotes, or a block
        return text
    if node.end_mark.line > node.start_mark.line and text:
        problem = f"{shown(text)} goes on over lines; put it in quotes, or mend the indentation"
        raise document.error(_line(node), problem)
    if text in CONSTANTS:
        return CONSTANTS[text]
    if WHOLE.fullmatch(text):
        return int(text)
    number = float(text) if DECIMAL.fullmatch(text) else math.inf
    return number if math.isfinite(number) else text


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
