"""Small synthetic studies have verdicts, though they lack most tasks of the core grid."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.report import findings


@pytest.fixture(scope="package", autouse=True)
def few_tasks() -> Iterator[None]:
    """Let verdicts need no task that has no records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings, "counted_tasks", lambda domain: ())
        yield
