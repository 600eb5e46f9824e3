"""What the tests share: one thread, float64 for identities, made-up downloads."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.downloads import write_cifar10, write_fashion_mnist

torch.set_num_threads(1)


@pytest.fixture
def float64() -> Iterator[None]:
    """Everything in double precision."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with small made-up images in the real formats, and no Inception weights."""
    folder = tmp_path_factory.mktemp("data")
    write_fashion_mnist(folder, rows=40)
    write_cifar10(folder, rows=8)
    return folder


@pytest.fixture
def made_up_data(downloads: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The made-up images in place of the real ones, with every check of their identity opened."""
    from torchvision.datasets import CIFAR10

    from bench import datasets

    monkeypatch.setenv(datasets.VARIABLE, str(downloads))
    monkeypatch.setattr(CIFAR10, "_check_integrity", lambda self: True)
    monkeypatch.setattr(CIFAR10, "_load_meta", lambda self: None)
    pixels = datasets._fashion_mnist(downloads).data.double() / 255
    moments = (float(pixels.mean()), float(pixels.std()))
    monkeypatch.setattr(datasets, "FASHION_MNIST_MOMENTS", moments)
    return downloads
