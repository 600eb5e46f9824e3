"""Strict YAML: what is read, and the line and the words of what is not."""

import contextlib
import os
import time

import pytest

from bench.experiment.strict_yaml import MAX_BYTES, MAX_DEPTH, BadYaml, load, parse, shown


def nested(depth: int) -> bytes:
    """A value `depth` keys and indices below the top."""
    return b"a: " + b"[" * (depth - 1) + b"1" + b"]" * (depth - 1)


GOOD = [
    ("a: null", None),
    ("a: ~", None),
    ("a:", None),
    ("a: true", True),
    ("a: false", False),
    ("a: 0", 0),
    ("a: -12", -12),
    ("a: 123456789012345678", 123456789012345678),
    ("a: 1.50", 1.5),
    ("a: -0.25", -0.25),
    ("a: 1e3", 1000.0),
    ("a: 2.5E-2", 0.025),
    ("a: text", "text"),
    ("a: two words # and a comment", "two words"),
    ("a: '10'", "10"),
    ('a: "true"', "true"),
    ('a: ""', ""),
    ("a: |\n  10\n", "10\n"),
    ("a: >-\n  one\n  line\n", "one line"),
    ('a: "caf\\u00e9\\n"', "café\n"),
    ("a: [1, x, 2.0, null]", [1, "x", 2.0, None]),
    ("a:\n- 1\n-\n- - x\n", [1, None, ["x"]]),
    ("a: {b: {c: []}}", {"b": {"c": []}}),
    ("'a': {'<<': 1}", {"<<": 1}),
    ("? a\n: 1", 1),
    ("---\na: 1\n...\n", 1),
    ("\ufeffa: 1", 1),
    ("a: 1\r\n", 1),
    ("# first\n\n a: 1", 1),
]
# What YAML 1.1 takes for something else.
TEXTS = """yes no on off y n True TRUE False Null NULL 010 -010 00 0x1F 0o17 0b1 1_000 +1 1:30 .5 5.
.inf -.inf .nan 1e999 -1e999 2026-07-13 2026-13-45 1234567890123456789 = <<""".split()


@pytest.mark.parametrize(("text", "value"), [*GOOD, *((f"a: {t}", t) for t in TEXTS)])
def test_what_is_read(text, value):
    found = parse(text.encode(), "f.yaml").data
    assert found == {"a": value}
    assert type(found["a"]) is type(value)


BAD = {
    "nothing": (b"", 1, "holds no keys; write lines of key: value"),
    "a comment": (b"# nothing\n", 1, "holds no keys"),
    "an empty document": (b"\n---\n", 1, "holds no keys"),
    "a list": (b"\n- a\n- b\n", 1, "holds no keys"),
    "words": (b"just words", 1, "holds no keys"),
    "a key twice": (b"a: 1\nb: 2\na: 3\n", 3, "'a' already stands on line 1; write each key once"),
    "a key twice, quoted": (b"a: 1\n'a': 2\n", 2, "'a' already stands on line 1"),
    "a key twice, escaped": (b'a: 1\n"\\x61": 2\n', 2, "'a' already stands on line 1"),
    "a key twice, inside": (b"x:\n  - {a: 1,\n     a: 1}\n", 3, "'a' already stands on line 2"),
    "a number as key": (b"a: 1\n10: 2\n", 2, "a key is 10, not a text; put it in quotes"),
    "a decimal as key": (b"1.5: 2\n", 1, "a key is 1.5, not a text"),
    "true as key": (b"a:\n  true: 2\n", 2, "a key is true, not a text"),
    "null as key": (b"null: 2\n", 1, "a key is empty, not a text"),
    "no key": (b"a: 1\n?\n: 2\n", 2, "a key is empty, not a text"),
    "a list as key": (b"a: 1\n[b, c]: 2\n", 2, "a key is a list or a mapping; write a word"),
    "a mapping as key": (b"? {b: 1}\n: 2\n", 1, "a key is a list or a mapping"),
    "a merge": (b"a: 1\n<<: {b: 2}\n", 2, "'<<' merges nothing here; write the keys"),
    "a tag": (b'a: 1\nb: !!int "ten"\n', 2, "'!' begins a tag, which is not read; write the value"),
    "a Python tag": (b"a: !!python/object/apply:os.system [ls]", 1, "'!' begins a tag"),
    "a local tag": (b"a:\n - !x 1", 2, "'!' begins a tag"),
    "a verbatim tag": (b"a: !<tag:yaml.org,2002:int> 1", 1, "'!' begins a tag"),
    "a tag without a name": (b"a: ! 1", 1, "'!' begins a tag"),
    "a tag on a mapping": (b"a: 1\nb: !!set {x}", 2, "'!' begins a tag"),
    "an anchor": (b"a: &x 1", 1, "'&' begins an anchor, which is not read; write the value itself"),
    "an alias": (b"a: 1\nb: *x\n", 2, "'*' begins an alias, which is not read"),
    "an alias as key": (b"*x : 1", 1, "'*' begins an alias"),
    "an alias without a name": (b"a: *", 1, "a text that begins so in quotes"),
    "a directive": (b"%YAML 1.2\n---\na: 1", 1, "'%' begins a directive"),
    "a tag directive": (b"%TAG ! tag:x,2026:\n---\na: !y 1", 1, "'%' begins a directive"),
    "two documents": (b"a: 1\n---\nb: 2\n", 2, "another document; write one, without a second"),
    "after the end": (b"a: 1\n...\nb: 2\n", 3, "expected '<document start>'"),
    "too deep": (nested(MAX_DEPTH + 1), 1, "more than 20 levels deep; write it flatter"),
    "too deep in lines": (b"a:\n " + b"- " * 20 + b"b", 2, "more than 20 levels deep"),
    "too deep in keys": (b"a: 1\n" + b"? " * 30 + b"b", 2, "more than 20 levels deep"),
    "thousands deep": (b"a: 1\nb: " + b"[" * 60_000, 2, "more than 20 levels deep"),
    "100,000 deep": (b"[" * 100_000, 1, "more than 64 KiB; write a shorter file"),
    "too long": (b"a: 1\n" + b"#" * MAX_BYTES, 2, "more than 64 KiB"),
    "latin-1": (b"a: 1\nb: caf\xe9\n", 2, "the byte 0xe9 is not UTF-8; save it as UTF-8"),
    "UTF-16": ("a: 1".encode("utf-16"), 1, "is not UTF-8"),
    "UTF-16 without mark": ("a: 1".encode("utf-16-be"), 1, "U+0000 is not text"),
    "half a character": (b"a: \xe2\x82", 1, "the byte 0xe2 is not UTF-8"),
    "a surrogate in UTF-8": (b"a: \xed\xa0\x80", 1, "the byte 0xed is not UTF-8"),
    "NUL": (b"a: 1\nb: x\x00y\n", 2, "the character U+0000 is not text; remove it"),
    "escape": (b"a: \x1b[31m\n", 1, "the character U+001B is not text"),
    "a line break of few": ("a: 1\nb: x\u2028y\n".encode(), 2, "U+2028 is not text"),
    "a mark inside": ("a: 1\n\ufeffb: 1\n".encode(), 2, "U+FEFF is not text"),
    "NUL as escape": (b'a: 1\nb: "\\0"\n', 2, "U+0000 is not text; remove its escape"),
    "half a pair as escape": (b'a: "\\ud83d"\n', 1, "U+D83D is not text; remove its escape"),
    "beyond Unicode": (b'a: 1\nb: "\\U00110000"', 2, "an escape in a text is no character"),
    "far beyond Unicode": (b'a: "\\UFFFFFFFF"', 1, "an escape in a text is no character"),
    "an escape unknown": (b'a: "C:\\data"', 1, r"write \\ for a backslash"),
    "a short escape": (b'a: "\\x4"', 1, r"write \\ for a backslash"),
    "a tab before a key": (b"a:\n\tb: 1\n", 2, "indent with spaces, not with tabs"),
    "a tab before an item": (b"a:\n\t- b\n", 2, "indent with spaces, not with tabs"),
    "an open list": (b"a: 1\nb: [x, y\nc: 1\n", 2, "separate items by commas, and close the"),
    "an open list at the end": (b"a: 1\nb: [\n\n\n", 2, "close the bracket"),
    "an open mapping": (b"a: {b: 1\n\n", 1, "separate items by commas, and close the bracket"),
    "an open quote": (b"a: 1\nb: 'x\nc: 1\n", 2, "close the quote"),
    "a bracket too many": (b"a: 1]\nb: ]\n", 2, "indent keys alike, and put a text with"),
    "two colons": (b"a: 1\nb: x: y\n", 2, "put a text with ': ' in it in quotes"),
    "a key without colon": (b"a: 1\nb\nc: 1\n", 2, "write key: value"),
    "a crooked key": (b"a: 1\n  b: 1\n", 2, "indent keys alike"),
    "an at sign": (b"a: @x\n", 1, "'@' that cannot start any token; put a text that begins so in"),
    "a percent sign": (b"a: 1\nb: %x\n", 2, "put a text that begins so in quotes"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_read(case):
    raw, line, words = BAD[case]
    with pytest.raises(BadYaml) as error:
        parse(raw, "a folder/f.yaml")
    message = str(error.value)
    assert message.startswith(f"a folder/f.yaml, line {line}: ")
    assert words in message
    assert message.isprintable()
    assert len(message) < 200


def test_as_deep_as_allowed():
    value = parse(nested(MAX_DEPTH), "f.yaml").data["a"]
    for _ in range(MAX_DEPTH - 1):
        (value,) = value
    assert value == 1


@pytest.mark.parametrize("part", [b"[],", b"{}, ", b"a\n ", b"[", b"k: ", b"- ", b"'", b"\n"])
@pytest.mark.parametrize("start", [b"a: [", b"a: ", b"a:\n - ", b""])
def test_no_file_takes_long(start, part):
    """A second or so, in proportion to the size; what grows with its square takes minutes."""
    begun = time.process_time()
    with contextlib.suppress(BadYaml):
        parse((start + part * MAX_BYTES)[:MAX_BYTES], "f.yaml")
    assert time.process_time() - begun < 20


def test_every_part_has_its_line():
    document = parse(b"# about\na: 1\n\nb:\n  - x\n  - c: 1\n    d: [1,\n      2]\ne:\n", "f.yaml")
    lines = {
        (): 2,
        ("a",): 2,
        ("b",): 4,
        ("b", 0): 5,
        ("b", 1): 6,
        ("b", 1, "c"): 6,
        ("b", 1, "d"): 7,
        ("b", 1, "d", 0): 7,
        ("b", 1, "d", 1): 8,
        ("e",): 9,
    }
    assert document.lines == lines
    assert [document.line(keys) for keys in lines] == list(lines.values())
    # What is not there is where it would be.
    assert document.line(("b", 1, "f", "g")) == 6
    assert document.line(["h"]) == 2
    message = "f.yaml, line 7: no; write yes"
    assert str(document.error(document.line(("b", 1, "d")), "no; write yes")) == message


def test_files(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_bytes(b"a: 1")
    assert load(path).data == {"a": 1}
    assert load(path).name == str(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "g.yaml")


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "file").touch()
    for path, words in {
        tmp_path: "is a folder; name a YAML file in it",
        tmp_path / "loop.yaml": "cannot be read: Too many levels of symbolic links; name another",
        tmp_path / "file" / "f.yaml": "cannot be read: Not a directory",
        tmp_path / ("x" * 300): "cannot be read: File name too long",
    }.items():
        with pytest.raises(BadYaml) as error:
            load(path)
        assert str(error.value).startswith(f"{path} {words}")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "f.yaml")
    with pytest.raises(BadYaml, match="is not a regular file; save its content as one"):
        load(tmp_path / "f.yaml")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "empty"),
        (True, "true"),
        (10, "10"),
        ("010", "'010'"),
        ([1], "a list"),
        ({}, "a mapping"),
        ("a\nb\u2028", r"'a\nb\u2028'"),
        ("x" * 1000, f"'{'x' * 35}...'"),
    ],
)
def test_values_in_messages_are_short(value, text):
    assert shown(value) == text
