"""`bench show`: samples and episodes become pictures, and everything else one clear line."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.records.paths import record_path
from tests.support.fakes import bench


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "r"


def trained(results: Path, task: str, updates: int = 5) -> str:
    """Train one seed for a moment; the name of its cell."""
    code = bench(
        *("run", "--tasks", task, "--strategies", "placebo", "--base", "bare", "--seeds", 1),
        *("--updates", updates, "--engine", "serial", "--results", results),
    )
    assert code == 0
    return f"{task}/bare+placebo@{updates}"


def pixels(path: str) -> np.ndarray:
    """[H, W] brightness."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"))


@pytest.mark.parametrize("task", ["ring8", "digits", "bilinear", "stacked_digits"])
def test_samples_become_a_png(results: Path, task: str) -> None:
    name = trained(results, task)
    assert bench("show", name, "--results", results, "--out", "a/b.png") == 0
    picture = pixels("a/b.png")
    assert min(picture.shape) > 300
    assert picture.std() > 5  # not blank


def test_an_episode_becomes_a_gif_or_a_strip(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = trained(results, "pendulum")
    capsys.readouterr()
    assert bench("show", name, "--results", results, "--steps", 12) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path.name == "pendulum-bare+placebo-5.gif"
    with Image.open(path) as gif:
        assert gif.n_frames == 12  # type: ignore[attr-defined]
        assert gif.info["duration"] == 30  # hundredths of a second; the pendulum's 30 per second
    assert bench("show", name, "--results", results, "--steps", 12, "--out", "strip.png") == 0
    height, width = pixels("strip.png").shape
    assert width > 4 * height


def test_an_environment_without_pictures_shows_its_traces(results: Path) -> None:
    name = trained(results, "lqr")
    assert bench("show", name, "--results", results, "--out", "lqr.png") == 0
    assert pixels("lqr.png").std() > 5


def test_the_episode_is_the_trained_actors(results: Path) -> None:
    """Its actions are those of the parameters that training left, without exploration."""
    import torch

    from bench.experiment.cell import Cell
    from bench.experiment.spec import spec_hash
    from bench.records import actors
    from bench.report.show import play
    from bench.training.train import train

    name = trained(results, "lqr", updates=30)
    cell = Cell.parse(name)
    path = record_path(results / "2" / "local", cell)
    found = actors.load(path, spec_hash(cell))
    assert found is not None
    seed, actor = found
    state = train(cell.learner(), [seed], updates=30).state
    assert torch.equal(actor["0/weight"], state.players.actor["0/weight"][0])
    episode = play(cell.learner(), actor, seed=seed, steps=100)
    assert len(episode.rewards) == 25
    weight = actor["0/weight"].numpy()
    assert episode.actions == pytest.approx(episode.obs @ weight.T, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nonsense",), "write TASK/CELL"),
        (("dirac/bare+r11",), "did you mean 'r1'"),
        (("dirac/bare",), "run the cell first"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    results: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert bench("show", *arguments, "--results", results) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_an_actor_of_other_code_is_not_shown(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = trained(results, "lqr")
    (actor,) = (results / "actors").rglob("*.npz")
    with np.load(actor) as arrays:
        kept = dict(arrays)
    np.savez(actor, allow_pickle=False, **kept | {"spec": np.array("0" * 16)})
    assert bench("show", name, "--results", results) == 2
    assert "no actor trained by the present code" in capsys.readouterr().err


def test_a_damaged_actor_and_a_folder_as_output_are_one_line(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = trained(results, "lqr")
    (results / "folder.png").mkdir()
    assert bench("show", name, "--results", results, "--out", results / "folder.png") == 2
    (actor,) = (results / "actors").rglob("*.npz")
    actor.write_bytes(actor.read_bytes()[:50])
    assert bench("show", name, "--results", results) == 2
    assert bench("show", name, "--results", results, "--name", "../x") == 2
    first, second, third = capsys.readouterr().err.splitlines()
    assert "choose another --out" in first
    assert "no actor trained" in second
    assert "is no name" in third


def test_adding_seeds_keeps_the_first_ones_actor(results: Path) -> None:
    trained(results, "lqr")
    (actor,) = (results / "actors").rglob("*.npz")
    before = actor.read_bytes()
    assert (
        bench(
            *("run", "--tasks", "lqr", "--strategies", "placebo", "--base", "bare", "--seeds", 2),
            *("--updates", 5, "--engine", "serial", "--results", results),
        )
        == 0
    )
    assert actor.read_bytes() == before
