"""What tests of the command line share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.fakes import FakeTraining, bench
from tests.support.small import SMALL


@pytest.fixture
def small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, training: FakeTraining
) -> Callable[..., int]:
    """`bench run` on the small grid, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: Any) -> int:
        return bench("run", *SMALL, *arguments)

    return run
