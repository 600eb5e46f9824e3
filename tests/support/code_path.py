"""Updates as machine code or as recorded, whatever the task says and whatever pays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from bench.training import compilation


@contextmanager
def code_path(*, compiled: bool) -> Iterator[None]:
    """What is trained within runs compiled (if there is a compiler), or as recorded.

    Of a task's own budget the task decides, of any other what pays: both are overruled.
    """
    best = compilation.best

    def chosen(*given: Any, compile_it: bool) -> Any:
        return best(*given, compile_it=compiled)

    pays = mock.patch.object(compilation, "pays", return_value=compiled)
    with pays, mock.patch.object(compilation, "best", chosen):
        yield
