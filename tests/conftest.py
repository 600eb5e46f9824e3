"""What the tests share: one thread, float64 for identities, made-up downloads."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.support import sample
from tests.support.downloads import publish, write_cifar10, write_fashion_mnist
from tests.support.fakes import FakeTraining

torch.set_num_threads(1)
# A shell that starts the tests in the background has them ignore Ctrl-C, and whatever they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Ray's workers give way to all other processes, here to the tests beside them, which keep all cores
# busy: they would hardly move.
os.environ.setdefault("RAY_worker_niceness", "0")


def pytest_report_header() -> str:
    """What decides about this week's samples, so that they can be drawn again."""
    return f"{sample.VARIABLE}={sample.number()}"


@pytest.fixture
def float64() -> Iterator[None]:
    """Everything in double precision."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> FakeTraining:
    """Fake training in place of the real one."""
    fake = FakeTraining()
    monkeypatch.setattr("bench.training.train.train", fake)
    return fake


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with small made-up images in the real formats, and no Inception weights."""
    folder = tmp_path_factory.mktemp("data")
    write_fashion_mnist(folder, rows=40)
    write_cifar10(folder, rows=8)
    return folder


@pytest.fixture
def made_up_data(downloads: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The made-up images in place of the real ones, known by their own sums and sizes."""
    from bench.scoring import datasets

    monkeypatch.setenv(datasets.VARIABLE, str(downloads))
    publish(downloads, monkeypatch)
    return downloads
