"""Draws what one cell has learned: samples from its record, or an episode of its trained actor."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image

from bench.experiment.cell import Cell
from bench.experiment.spec import spec_hash
from bench.functional import rng
from bench.functional.pytree import Params
from bench.learner.learner import Learner
from bench.learner.task import Array
from bench.records import actors, store
from bench.records.paths import record_path
from bench.records.record import Record
from bench.report.samples import decode, draw_samples, point_limits
from bench.report.style import png, styled
from bench.training import environments

STRIP = 8  # pictures in a PNG strip of an episode
FASTEST = 50.0  # pictures per second of a GIF, more than which viewers slow down


class NothingToShow(ValueError):
    """A cell without samples and without a trained actor, or pictures that cannot be drawn."""


@dataclass(frozen=True)
class Episode:
    """One episode of an actor, step by step."""

    frames: dict[int, Array]  # by step, [H, W, 3] bytes each
    obs: Array  # [T, O]
    actions: Array  # [T, A]
    rewards: Array  # [T]
    draws: bool  # whether the environment can draw itself
    rate: float  # steps per second


def show(name: str, folder: Path, out: Path | None, steps: int) -> Path:
    """Write a picture of the cell `name` ("TASK/CELL") whose record is in `folder`; its path.

    Samples become a PNG. An episode becomes a GIF, or a strip of pictures if `out` ends in .png;
    where the environment draws nothing, a PNG of its observations, actions and rewards. Raises
    `NothingToShow`, `CorruptRecord`, and what `Cell.parse` raises.
    """
    cell = Cell.parse(name)
    path = record_path(folder, cell)
    if not path.exists():
        raise NothingToShow(f"there is no record {path}; run the cell first")
    found = store.read(path)
    cell = found.origin  # with its settings
    if out is not None and out.suffix not in {".png", ".gif"}:
        raise NothingToShow(f"--out {out} must end in .png or .gif")
    plain = Path(re.sub(r"[^A-Za-z0-9_.+-]+", "-", f"{cell.task}-{cell.name}"))
    if found.artefacts:
        return _written(out or plain.with_name(f"{plain.name}.png"), _samples(found))
    learner = cell.learner()
    if learner.task.samples:
        raise NothingToShow(f"{path} holds no samples: they were not finite, or had no room")
    trained = actors.load(path, spec_hash(cell))
    if trained is None:
        raise NothingToShow(
            f"there is no actor trained by the present code in {actors.actor_path(path)}; delete "
            f"{path} and run the cell again"
        )
    whole = play(learner, trained[1], seed=trained[0], steps=steps)
    if not whole.draws:
        out = out or plain.with_name(f"{plain.name}.png")
        return _written(out, _traces(whole, f"{cell.task}: {cell.name}"))
    out = out or plain.with_name(f"{plain.name}.gif")
    length = len(whole.rewards)
    # The same episode again, for it depends on nothing else: now with just the pictures we need.
    every = max(1, round(whole.rate / FASTEST))
    wanted = [round((length - 1) * i / (STRIP - 1)) for i in range(STRIP)]
    chosen = set(wanted if out.suffix == ".png" else range(0, length, every))
    episode = play(learner, trained[1], seed=trained[0], steps=length, drawn=chosen)
    if out.suffix == ".png":
        return _written(out, _strip(episode))
    first, *rest = (Image.fromarray(frame) for frame in episode.frames.values())
    stream = io.BytesIO()
    milliseconds = round(1000 * every / whole.rate)
    first.save(stream, "GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0)
    return _written(out, stream.getvalue())


def play(
    learner: Learner, actor: Params, *, seed: int, steps: int, drawn: Collection[int] = ()
) -> Episode:
    """One episode of at most `steps` steps, with pictures before the steps in `drawn`.

    Raises `NothingToShow` if the pictures cannot be drawn.
    """
    task = learner.task
    if not os.environ.get("DISPLAY"):  # without a screen both libraries would look for one
        os.environ.setdefault("MUJOCO_GL", "egl")
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        env = gymnasium.make(task.environment)
        draws = "rgb_array" in env.metadata.get("render_modes", ())
        if drawn:
            env = _drawing(lambda: gymnasium.make(task.environment, render_mode="rgb_array"))
    key = rng.fold(rng.seed_key(seed), "show")
    pictures: dict[int, Array] = {}
    seen: list[tuple[Any, Any, Any]] = []
    obs, _ = env.reset(seed=environments.copy_seeds([seed], 1, "show")[0])
    for step in range(steps):
        if step in drawn:
            pictures[step] = np.asarray(_drawing(env.render))
        row = torch.as_tensor(np.asarray(obs)[None], dtype=torch.get_default_dtype())
        with torch.no_grad():
            action = learner.act(actor, row, rng.fold(key, step))[0].numpy()
        space: Any = env.action_space
        ahead, reward, ended, cut, _ = env.step(environments.stretch(action, space.low, space.high))
        seen.append((obs, action, reward))
        obs = ahead
        if ended or cut:
            break
    rate = float(env.metadata.get("render_fps", 25))
    env.close()
    obs, actions, rewards = (np.asarray(part, dtype=float) for part in zip(*seen, strict=True))
    return Episode(pictures, obs, actions, rewards, draws, rate)


def _drawing(draw: Callable[[], Any]) -> Any:
    try:
        return draw()
    except Exception as error:  # the graphics libraries raise whatever they like
        raise NothingToShow(
            f"the environment cannot be drawn here ({type(error).__name__}: {error}); install a "
            f"software renderer (libegl1 or libosmesa6) and set MUJOCO_GL to egl or osmesa"
        ) from error


def _samples(found: Record) -> bytes:
    artefact = found.artefacts[sorted(found.artefacts)[0]]
    array = decode(artefact)
    if array is None:
        raise NothingToShow(f"the samples of {found.task}/{found.cell} do not fit their shape")
    with styled():
        figure = Figure(figsize=(4.0, 4.3))
        axes = figure.add_axes((0.03, 0.03, 0.94, 0.87))
        limits = point_limits([array]) if artefact.kind == "points" else (0.0, 1.0)
        draw_samples(axes, artefact.kind, array, limits)
        axes.set_title(f"{found.task}: {found.cell}, seed {found.seeds[0].seed}", loc="left")
        return png(figure)


def _strip(episode: Episode) -> bytes:
    """Equally spaced pictures of the episode side by side, numbered by step."""
    chosen = sorted(episode.frames)
    with styled():
        figure = Figure(figsize=(1.6 * len(chosen), 1.85))
        for axes, step in zip(
            figure.subplots(1, len(chosen), squeeze=False)[0], chosen, strict=True
        ):
            axes.imshow(episode.frames[step])
            axes.set_title(f"step {step}", fontsize=8)
            axes.axis("off")
        figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=0.88, wspace=0.04)
        return png(figure)


def _traces(episode: Episode, title: str) -> bytes:
    """Observations, actions and rewards over the steps of the episode."""
    rows = (
        ("observations", episode.obs),
        ("actions in ±1", episode.actions),
        ("reward", episode.rewards[:, None]),
    )
    with styled():
        figure = Figure(figsize=(5.0, 4.2), layout="constrained")
        figure.suptitle(title, x=0.02, ha="left", fontsize=9)
        for axes, (label, values) in zip(figure.subplots(3, 1, sharex=True), rows, strict=True):
            axes.plot(values, lw=1.2)
            axes.set_ylabel(label)
        axes.set_xlabel("environment step")
        return png(figure)


def _written(path: Path, data: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise NothingToShow(
            f"cannot write {path}: {error.strerror}; choose another --out"
        ) from error
    return path
