"""`fetch` brings what is missing, and loses nothing where it fails.

Nothing here reaches a network: the archives lie in a folder, torchvision and torch ask for them.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest

from bench.scoring import datasets
from bench.scoring.datasets import SOURCES, BadData
from tests.support.downloads import ARCHIVES, FILES, Network
from tests.support.fakes import bench

# Python 3.12 and 3.13 warn of how torchvision unpacks archives.
pytestmark = pytest.mark.filterwarnings("ignore:Python 3.14 will:DeprecationWarning")

LABELS = "FashionMNIST/raw/train-labels-idx1-ubyte"


@pytest.mark.parametrize(
    ("name", "file"), [(name, file) for name in SOURCES for file in SOURCES[name].files]
)
def test_any_one_missing_file_is_downloaded(
    data: Path, network: Network, name: str, file: str
) -> None:
    """Of CIFAR-10's files torchvision's own class would not miss batches.meta."""
    whole = (data / file).read_bytes()
    (data / file).unlink()
    (problem,) = SOURCES[name].problems()
    assert str(problem) == f"{data / file} is missing"
    datasets.fetch(name)
    assert (data / file).read_bytes() == whole
    asked = len(network.asked)
    assert asked == len(ARCHIVES[name])
    datasets.fetch(name)
    assert len(network.asked) == asked


@pytest.mark.parametrize("name", FILES)
def test_what_a_failed_download_leaves_is_what_there_was(
    data: Path, network: Network, capsys: Any, name: str
) -> None:
    network.broken |= {path.name for path in network.archives.iterdir()}
    path = data / FILES[name]
    path.write_bytes(b"half of it")
    before = sorted(each.name for each in path.parent.iterdir() if each.suffix != ".gz")
    assert bench("fetch", name, "--data-root", data) == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"{name} could not be downloaded" in error
    assert "the network went away" in error
    assert f"({path} " in error
    assert path.read_bytes() == b"half of it"
    after = sorted(each.name for each in path.parent.iterdir() if each.suffix != ".gz")
    assert after == before
    # The broken archives are still there: they must not stand in the way.
    network.broken.clear()
    datasets.fetch(name)
    assert SOURCES[name].problems() == []


def test_folders_in_the_place_of_files_are_never_lost(data: Path, network: Network) -> None:
    """Back in their place where a download fails, beside it where it works; twice."""
    path = data / FILES["inception"]
    for suffix in (".damaged", ".damaged1"):
        path.unlink()
        (path / "thesis").mkdir(parents=True)
        network.broken.add(path.name)
        with pytest.raises(BadData, match="is a folder"):
            datasets.fetch("inception")
        assert (path / "thesis").is_dir()
        network.broken.clear()
        datasets.fetch("inception")
        assert path.is_file()
        assert (path.with_name(f"{path.name}{suffix}") / "thesis").is_dir()


def test_what_came_before_a_download_failed_stays(data: Path, network: Network) -> None:
    network.broken.add("train-labels-idx1-ubyte.gz")
    for file in (FILES["fashion_mnist"], LABELS):
        (data / file).write_bytes(b"123")
    with pytest.raises(BadData, match="could not be downloaded") as refusal:
        datasets.fetch("fashion_mnist")
    assert "\n" not in str(refusal.value)
    (left,) = SOURCES["fashion_mnist"].problems()
    assert left.path == data / LABELS
    assert left.path.read_bytes() == b"123"


def test_an_interrupted_download_leaves_what_there_was(
    data: Path, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(url: str, target: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("torchvision.datasets.utils._urlretrieve", interrupted)
    path = data / FILES["cifar10"]
    path.write_bytes(b"123")
    with pytest.raises(KeyboardInterrupt):
        datasets.fetch("cifar10")
    assert path.read_bytes() == b"123"


@pytest.mark.parametrize("name", ["fashion_mnist", "cifar10"])
def test_archives_that_are_there_are_used_if_they_are_whole(
    data: Path, network: Network, name: str
) -> None:
    archives = sorted(data / archive for archive in ARCHIVES[name])
    for archive in archives:
        shutil.copy(network.archives / archive.name, archive)
    (data / FILES[name]).write_bytes(b"123")
    datasets.fetch(name)
    assert network.asked == []
    archives[0].write_bytes(b"damaged, too")
    (data / FILES[name]).write_bytes(b"123")
    datasets.fetch(name)
    assert network.asked == [archives[0].name]
    assert SOURCES[name].problems() == []


def test_a_download_that_brings_damage_is_refused(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = data / FILES["inception"]
    path.write_bytes(b"old")
    monkeypatch.setattr(
        "torch.hub.download_url_to_file", lambda url, target, **more: path.write_bytes(b"new!")
    )
    with pytest.raises(BadData, match=r"was downloaded, but .*\(4 bytes\) has sha256") as refusal:
        datasets.fetch("inception")
    assert str(path) in str(refusal.value)
    assert path.read_bytes() == b"old"


def test_a_folder_that_may_not_be_changed(
    data: Path, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    path = data / FILES["cifar10"]
    path.write_bytes(b"123")
    monkeypatch.setattr(Path, "rename", refuses)
    with pytest.raises(BadData, match=f"Permission denied: '{path}'"):
        datasets.fetch("cifar10")
    assert path.read_bytes() == b"123"
    assert network.asked == []
