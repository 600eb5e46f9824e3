"""A folder with whole data, and a network from which it came."""

import shutil
from pathlib import Path

import pytest

from bench.scoring import datasets
from tests.support.downloads import Network, publish, write_inception


@pytest.fixture
def data(downloads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with whole files of all sources, made up, to be damaged."""
    folder = tmp_path / "data"
    shutil.copytree(downloads, folder)
    write_inception(folder)
    monkeypatch.setenv(datasets.VARIABLE, str(folder))
    publish(folder, monkeypatch)
    return folder


@pytest.fixture
def network(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    """What the loaders of torchvision and torch take for the network."""
    return Network(data, tmp_path / "archives", monkeypatch)
