"""What counts in the text of one module, and what does not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bench.experiment.spec import text_hash


def plain_hash(text: str, hashes: Mapping[str, str] = {}) -> str:
    return text_hash(text, "somewhere", hashes)


PLAIN = 'LIMIT = 3\n\n\ndef f(x: float) -> float:\n    return x * 2.0 if x else "" or None\n'
SAME = [
    '"""Words."""\n# More words.\n' + PLAIN.replace("return", '"""Words."""\n\n    return'),
    PLAIN.replace("LIMIT = 3", "LIMIT = (3)  # why").replace("\n\n\n", "\n"),
    PLAIN.replace("    return", "        return"),
]
OTHER = [
    PLAIN.replace("2.0", "2.5"),
    PLAIN.replace("2.0", "2"),
    PLAIN.replace("x * 2.0", "2.0 * x"),
    PLAIN.replace("3", "True"),
    PLAIN.replace('""', "0"),
    PLAIN.replace("or None", "or False"),
    PLAIN.replace("LIMIT", "LIMITS"),
    PLAIN + "LIMIT = 4\n",
    "import math\n" + PLAIN,
    "from math import pi\n" + PLAIN,
    "from math import pi as tau\n" + PLAIN,
]


@pytest.mark.parametrize("text", SAME)
def test_words_and_layout_do_not_count(text):
    assert plain_hash(text) == plain_hash(PLAIN)


def test_every_change_of_code_counts():
    hashes = [plain_hash(text) for text in (PLAIN, *OTHER)]
    assert len(set(hashes)) == len(hashes)


def test_swapped_imports_count() -> None:
    """The same names from other modules are other code."""
    hashes = {"bench.functional.rng": "a", "bench.functional.pytree": "b"}
    texts = [
        "from bench.functional.rng import fold as f\n",
        "from bench.functional.pytree import fold as f\n",
        "from bench.functional.pytree import fold\n",
        "from bench.functional import rng as f\n",
        "from bench.functional import pytree as f\n",
    ]
    hashes["bench.functional"] = "c"
    assert len({plain_hash(text + "f.x\n", hashes) for text in texts}) == len(texts)
    same = "from bench.functional import rng as g\n" + "g.x\n"
    assert plain_hash(same, hashes) == plain_hash(texts[3] + "f.x\n", hashes)


ORDERED = [
    ("if a:\n    from math import {} as f\nelse:\n    from math import {} as f\n", "a branch"),
    ("from math import {} as f\nfrom math import {} as f\n", "the last one wins"),
    (
        "def f():\n    from math import {} as h\n\n\ndef g():\n    from math import {} as h\n",
        "where",
    ),
]


@pytest.mark.parametrize(("text", "why"), ORDERED, ids=[why for _, why in ORDERED])
def test_imports_count_where_they_stand(text: str, why: str) -> None:
    assert plain_hash(text.format("sin", "cos")) != plain_hash(text.format("cos", "sin"))


def test_the_order_of_neighbouring_imports_does_not_count() -> None:
    one, other = "from math import sin\n", "from cmath import cos\n"
    assert plain_hash(one + other) == plain_hash(other + one)
