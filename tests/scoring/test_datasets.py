"""What must be downloaded: small files in the real formats, read by torchvision's own loaders."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.experiment import registry
from bench.functional import rng
from bench.scoring import datasets, inception
from bench.scoring.datasets import BadData
from tests.support.downloads import write_fashion_mnist
from tests.support.fakes import bench


@pytest.fixture(autouse=True)
def forget() -> None:
    datasets._images.cache_clear()


@pytest.mark.parametrize(("name", "rows", "shape"), [
    ("fashion_mnist", 40, (1, 28, 28)),
    ("cifar10", 40, (3, 32, 32)),
])  # fmt: skip
def test_images_are_read_by_torchvision(
    made_up_data: Path, name: str, rows: int, shape: tuple[int, ...]
) -> None:
    images = datasets.images(name)
    assert images.dtype == torch.uint8
    assert images.shape == (rows, np.prod(shape))
    task = registry.task(name)
    drawn = task.real(rng.seed_key(0), 12)  # type: ignore[attr-defined]
    known = {tuple(row.tolist()) for row in images}
    back = ((drawn + 1.0) * 127.5).round().to(torch.uint8)
    assert all(tuple(row.tolist()) in known for row in back)


def test_cifars_channels_come_first(made_up_data: Path) -> None:
    """The file holds 1,024 red values, then green, then blue: so do our rows."""
    import pickle

    raw = pickle.loads((made_up_data / "cifar-10-batches-py" / "data_batch_1").read_bytes())
    assert np.array_equal(datasets.images("cifar10")[:8].numpy(), raw["data"])


def test_other_images_than_the_published_ones_are_refused(
    downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CIFAR by its md5, Fashion-MNIST by its mean and deviation: made-up files do not pass."""
    monkeypatch.setenv(datasets.VARIABLE, str(downloads))
    for name in ("cifar10", "fashion_mnist"):
        with pytest.raises(BadData, match=name) as refusal:
            datasets.images(name)
        assert "\n" not in str(refusal.value)


def test_a_flipped_byte_of_cifar_is_refused(
    made_up_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By torchvision's md5, which knows the made-up files here."""
    shutil.copytree(made_up_data, tmp_path / "copy")
    monkeypatch.setenv(datasets.VARIABLE, str(tmp_path / "copy"))
    assert len(datasets.images("cifar10")) == 40
    datasets._images.cache_clear()
    path = tmp_path / "copy" / "cifar-10-batches-py" / "data_batch_3"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BadData, match="cifar10"):
        datasets.images("cifar10")


def test_a_truncated_file_is_refused(made_up_data: Path, tmp_path: Path, monkeypatch: Any) -> None:
    write_fashion_mnist(tmp_path, rows=20)
    path = tmp_path / "FashionMNIST" / "raw" / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-100])
    monkeypatch.setenv(datasets.VARIABLE, str(tmp_path))
    with pytest.raises(BadData, match="fashion_mnist"):
        datasets.images("fashion_mnist")


def test_what_is_missing_says_where_it_belongs_and_what_to_do(
    made_up_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(datasets.VARIABLE, str(tmp_path))
    reason = registry.task("cifar10").missing()
    assert reason is not None
    assert "cifar10 and inception missing" in reason
    assert str(tmp_path / "cifar-10-batches-py" / "data_batch_1") in reason
    assert "bench fetch cifar10 inception" in reason
    shutil.copytree(made_up_data, tmp_path, dirs_exist_ok=True)
    assert "cifar10" not in str(registry.task("cifar10").missing()).split("(")[0]
    assert registry.task("digits").missing() is None


def test_fetch_lists_what_is_missing(
    made_up_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(made_up_data / "FashionMNIST", tmp_path / "FashionMNIST")
    assert bench("fetch", "--data-root", tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines[1:] if line[:1] == " " != line[1:2]]  # first lines of each
    state = {line.split()[0]: line for line in rows}
    assert "there" in state["fashion_mnist"]
    assert "7 of 7 files missing" in state["cifar10"]
    assert str(tmp_path) in state["inception"]


def test_fetch_downloads_only_what_is_missing_and_says_what_failed(
    made_up_data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dataclasses import replace

    asked: list[str] = []

    def works(folder: Path) -> None:
        asked.append("works")
        shutil.copytree(made_up_data / "FashionMNIST", folder / "FashionMNIST")

    def fails(folder: Path) -> None:
        asked.append("fails")
        raise RuntimeError("no network")

    for name, download in (("fashion_mnist", works), ("cifar10", fails)):
        source = replace(datasets.SOURCES[name], download=download)
        monkeypatch.setitem(datasets.SOURCES, name, source)
    arguments = ("fetch", "fashion_mnist", "cifar10", "--data-root", tmp_path)
    assert bench(*arguments) == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "cifar10 could not be downloaded (no network)" in error
    assert str(tmp_path / "cifar-10-batches-py") in error
    assert bench(*arguments) == 3
    assert asked == ["works", "fails", "fails"]
    assert bench("fetch", "cifar11") == 2
    assert "did you mean 'cifar10'" in capsys.readouterr().err


def test_a_run_skips_what_has_no_data_and_does_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(datasets.VARIABLE, str(tmp_path / "nothing"))
    monkeypatch.chdir(tmp_path)
    code = bench(
        *("run", "--tasks", "bilinear,cifar10", "--strategies", "r1", "--base", "bare"),
        *("--seeds", "1", "--updates", "5", "--engine", "serial", "--results", tmp_path / "r"),
    )
    out, err = capsys.readouterr()
    assert code == 3
    assert "skipping cifar10: cifar10 and inception missing" in err
    assert "bench fetch cifar10 inception" in err
    assert "skipped" in err.splitlines()[-1]
    assert "cifar10" in err.splitlines()[-1]
    assert (tmp_path / "r" / "2" / "local" / "bilinear" / "bare+r1@5.json").exists()
    assert "all other cells have records" in err
    assert "all cells have records" not in out


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Inception weights in the real format, but made up; their hash stands for the real one."""
    from dataclasses import replace

    from torch_fidelity import feature_extractor_inceptionv3 as library

    path = tmp_path / datasets.SOURCES["inception"].files[0]
    torch.manual_seed(0)
    made: dict[str, Any] = {}

    class Empty(library.FeatureExtractorInceptionV3):
        def load_state_dict(self, state: Any, *rest: Any, **more: Any) -> Any:
            made.update(self.state_dict())

    torch.save({}, tmp_path / "none.pth")
    Empty("made-up", ["2048"], feature_extractor_weights_path=str(tmp_path / "none.pth"))
    torch.save(made, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    source = replace(datasets.SOURCES["inception"], identity=f"sha256 {digest}")
    monkeypatch.setitem(datasets.SOURCES, "inception", source)
    monkeypatch.setenv(datasets.VARIABLE, str(tmp_path))
    inception._model.cache_clear()
    return path


def test_inception_features_are_torch_fidelitys(weights: Path) -> None:
    """Grey images count as three equal colours; features and logits in its own order."""
    from torch_fidelity.utils import create_feature_extractor

    images = np.random.default_rng(0).integers(0, 256, (3, 1, 28, 28), dtype=np.uint8)
    features, logits = inception.features_and_logits(images)
    theirs = create_feature_extractor(
        "inception-v3-compat",
        ["2048", "logits_unbiased"],
        cuda=False,
        feature_extractor_weights_path=str(weights),
        verbose=False,
    )
    with torch.no_grad():
        wanted = theirs(torch.from_numpy(images).expand(-1, 3, -1, -1))
    assert features == pytest.approx(wanted[0].double().numpy(), rel=1e-5, abs=1e-7)
    assert logits == pytest.approx(wanted[1].double().numpy(), rel=1e-5, abs=1e-7)
    assert features.shape == (3, 2048)
    assert logits.shape == (3, 1008)


def test_other_weights_are_refused_before_they_are_unpickled(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes() + b"x")
    with pytest.raises(BadData, match="SHA-256 begins with"):
        inception.features_and_logits(np.zeros((1, 3, 8, 8), np.uint8))


def test_real_features_are_kept_on_disk(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (4, 3072), dtype=np.uint8))
    monkeypatch.setattr(datasets, "images", lambda name: rows)
    first = inception.real_features("cifar10", (3, 32, 32))
    monkeypatch.setattr(inception, "features_and_logits", None)  # not asked again
    assert np.array_equal(inception.real_features("cifar10", (3, 32, 32)), first)
    assert first.shape == (4, 2048)


@pytest.mark.slow
def test_an_image_task_runs_from_files_to_scores(
    weights: Path, made_up_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files, loaders, training, Inception, scores: everything but the right numbers."""
    from bench.learner.learner import Learner
    from bench.learner.strategy import combine
    from bench.training.train import train

    task = registry.task("fashion_mnist")
    shutil.copytree(made_up_data, weights.parent, dirs_exist_ok=True)
    monkeypatch.setenv(datasets.VARIABLE, str(weights.parent))
    assert task.missing() is None
    small = {"samples": 2060, "batch_rows": 4, "width": 4}
    pixels = torch.from_numpy(
        np.random.default_rng(2).integers(0, 256, (2060, 784), dtype=np.uint8)
    )
    monkeypatch.setattr(datasets, "images", lambda name: pixels)
    made = type("Small", (type(task),), small)()
    run = train(Learner(made, combine([])), [0], updates=0)
    assert all(np.isfinite(run.curves[-1][0][metric.name]) for metric in task.metrics)
