"""Small synthetic studies have verdicts, though they lack most tasks of the core grid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.report import findings
from tests.report.strangers import LIST, MAINTAINED, put


@pytest.fixture(scope="package", autouse=True)
def few_tasks() -> Iterator[None]:
    """Let verdicts need no task that has no records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings, "counted_tasks", lambda domain: ())
        yield


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The maintainers' records, in a working directory of its own."""
    monkeypatch.chdir(tmp_path)
    put("core", *MAINTAINED)
    path = Path("results")
    (path / "standing.yaml").write_text(LIST)
    return path
