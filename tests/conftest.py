"""What the tests share: one thread, float64 for identities, made-up downloads."""

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.support import sample
from tests.support.downloads import write_cifar10, write_fashion_mnist
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
    """The made-up images in place of the real ones, known by their own md5 and moments."""
    from torchvision.datasets import CIFAR10

    from bench.scoring import datasets

    monkeypatch.setenv(datasets.VARIABLE, str(downloads))
    md5 = {name: hashlib.md5(path.read_bytes()).hexdigest() for name, path in cifar(downloads)}
    for part in ("train_list", "test_list"):
        known = [[name, md5[name]] for name, _ in getattr(CIFAR10, part)]
        monkeypatch.setattr(CIFAR10, part, known)
    meta = {**CIFAR10.meta, "md5": md5["batches.meta"]}
    monkeypatch.setattr(CIFAR10, "meta", meta)
    pixels = datasets._fashion_mnist(downloads).data.double() / 255
    moments = (float(pixels.mean()), float(pixels.std()))
    monkeypatch.setattr(datasets, "FASHION_MNIST_MOMENTS", moments)
    return downloads


def cifar(folder: Path) -> list[tuple[str, Path]]:
    """CIFAR's files by name."""
    return [(path.name, path) for path in (folder / "cifar-10-batches-py").iterdir()]
