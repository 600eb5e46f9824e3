"""Forgeries of claims: whole and well-formed records whose numbers nobody measured."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path

from bench.contribute.forgery import (
    Forgery,
    Raw,
    as_cell,
    consistent,
    edit,
    edited,
    points,
    scaled,
    summarised,
)
from bench.experiment.cell import Cell
from bench.records.json_file import rounded

R1 = "ring8/bare+r1"


def _dropped(raw: Raw) -> None:
    """The worst seed but the last goes; the others are numbered as if it had not been.

    Without the last one a record is that of a run with a seed less, which is no lie.
    """
    worst = max(raw["seeds"][:-1], key=lambda seed: seed["score"])
    raw["seeds"].remove(worst)
    for number, seed in enumerate(raw["seeds"]):
        seed["seed"] = number
    raw["planned_seeds"].pop()


def _declared(raw: Raw, _: random.Random) -> None:
    """A failure at the first step, before a curve that is whole."""
    raw["seeds"][0]["first_bad_step"] = 1


def _exchanged(raw: Raw, _: random.Random) -> None:
    first, second, *_ = raw["seeds"]
    first["curve"], second["curve"] = second["curve"], first["curve"]


def _new_cell(text: str, change: Callable[[Raw, random.Random], object]) -> Callable[..., None]:
    """A further cell, made from the base's record."""

    def plant(folder: Path, rng: random.Random) -> None:
        raw = json.loads((folder / "ring8/bare.json").read_text(encoding="utf-8"))
        as_cell(raw, Cell.parse(text))
        change(raw, rng)
        summarised(raw)
        (folder / f"{text}.json").write_text(json.dumps(raw), encoding="utf-8")

    return plant


def _left_out(raw: Raw, _: random.Random) -> None:
    for seed in raw["seeds"]:
        del seed["curve"][1]


def _added(raw: Raw, _: random.Random) -> None:
    for seed in raw["seeds"]:
        extra = copy.deepcopy(seed["curve"][-1])
        extra["step"] += 1
        seed["curve"].append(extra)


def _unmeasured(raw: Raw, _: random.Random) -> None:
    for metrics in points(raw, 0):
        del metrics["high_quality"]


def _set(name: str, value: float) -> Callable[[Raw, random.Random], None]:
    def change(raw: Raw, _: random.Random) -> None:
        raw["seeds"][0]["curve"][-1]["metrics"][name] = value

    return change


def _with_placebo(folder: Path, rng: random.Random) -> None:
    """A worse base, and the same numbers for its placebo."""
    seed = rng.random()
    for cell in ("ring8/bare", "ring8/bare+placebo"):
        consistent(scaled(1.5, 2.5), cell)(folder, random.Random(seed))


def _start(raw: Raw, rng: random.Random) -> None:
    metrics = raw["seeds"][1]["curve"][0]["metrics"]
    metrics["fid"] = rounded(metrics["fid"] * 1.01)


def _second_name(folder: Path, _: random.Random) -> None:
    def change(raw: Raw) -> None:
        raw |= {"strategy": "r1+low_beta1", "cell": "bare+r1+low_beta1"}

    path = folder / "ring8/bare+low_beta1+r1.json"
    edit(path, change)
    path.rename(path.with_name("bare+r1+low_beta1.json"))


def _from_origin(**parts: object) -> Callable[..., None]:
    return edited(lambda raw: raw["provenance"].update(parts))


OF_SEEDS = {
    "the worst seed is left out": edited(_dropped),
    "a seed is left out": edited(lambda raw: raw["seeds"].pop(1)),
    "a planned seed is taken back": edited(
        lambda raw: (raw["seeds"].pop(0), raw["planned_seeds"].pop(0))
    ),
    "seeds are numbered from 5": edited(
        lambda raw: (
            raw.update(planned_seeds=[5, 6, 7]),
            [seed.update(seed=seed["seed"] + 5) for seed in raw["seeds"]],
        )
    ),
    "seeds are exchanged": consistent(_exchanged),
    "a failure is declared": edited(
        lambda raw: raw["seeds"][0].update(status="diverged", score=None)
    ),
    "a failure is hidden": edited(lambda raw: raw["seeds"][0].update(first_bad_step=500)),
}
OF_CURVES = {
    "an evaluation is left out": consistent(_left_out),
    "an evaluation is added": consistent(_added),
    "a metric is missing": consistent(_unmeasured),
    "another score": edited(lambda raw: raw["seeds"][0].update(score=0.001)),
    "another area": edited(lambda raw: raw["seeds"][0].update(area=0.99)),
    "another way is up": edited(lambda raw: raw["score_info"].update(better="higher")),
    "another step 0": consistent(_start),
}
OF_VALUES = {
    "an FID below 0": consistent(_set("fid", -0.5)),
    "more modes than there are": consistent(_set("modes", 9.0)),
    "half a mode": consistent(_set("modes", 7.5)),
    "a loss before the first update": edited(
        lambda raw: raw["seeds"][0]["curve"][0]["metrics"].update(critic_loss=1.0)
    ),
    "no loss after it": edited(
        lambda raw: raw["seeds"][0]["curve"][5]["metrics"].update(critic_loss=None)
    ),
    "a failure before a whole curve": consistent(_declared),
    "samples of another task": edited(
        lambda raw: raw["artefacts"].update(
            samples={"kind": "images", "shape": [1, 2, 2], "dtype": "uint8", "data": "AAAAAA=="}
        )
    ),
    "samples that are not finite": edited(
        lambda raw: raw["artefacts"].update(
            samples={"kind": "points", "shape": [1, 2], "dtype": "float32", "data": "AADAfwAAwH8="}
        )
    ),
    "more quality than there is": consistent(_set("high_quality", 1.5)),
    "a return above the most": consistent(_set("return", 12.0), "pendulum/bare+r1"),
    "a negative gradient norm": consistent(_set("critic_grad_norm", -1.0)),
    "no time": edited(lambda raw: raw.update(seconds={})),
    "a thousand million seconds": edited(lambda raw: raw["seconds"].update(update=1e9)),
    "time of another phase": edited(lambda raw: raw["seconds"].update(sleep=1.0)),
    "time of no seed": edited(lambda raw: raw.update(seconds_seeds=1)),
}
OF_CELLS = {
    "no name of a strategy": edited(lambda raw: raw.update(strategy="")),
    "a second name": _second_name,
    "a setting that is true": edited(lambda raw: raw["settings"]["r1"].update(gamma=True)),
    "other settings": edited(lambda raw: raw["settings"]["r1"].update(gamma=0.5)),
    "other code": _from_origin(spec="0" * 16),
    "a tuned cell without a search": edited(lambda raw: raw.update(settings_from="tuned")),
    "another protocol": edited(lambda raw: raw.update(protocol_version="1")),
    "a worse base, beside its placebo": consistent(scaled(1.5, 2.5), "ring8/bare"),
    "a placebo that helps": consistent(scaled(0.7, 0.8), "ring8/bare+placebo"),
    "an inert strategy that helps": _new_cell("ring8/bare+target_network", scaled(0.7, 0.8)),
}
OF_ORIGIN = {
    "changed code": _from_origin(dirty=True),
    "a commit that nobody has": _from_origin(commit="0123456789" * 4),
    "no commit": _from_origin(commit=None),
    "another machine than the base's": _from_origin(cpu="Another Processor"),
    "other libraries than the base's": edited(
        lambda raw: raw["provenance"]["versions"].update(torch="2.11.0")
    ),
    "double precision": _from_origin(dtype="float64"),
    "no device that there is": _from_origin(device="abacus"),
    "data that the task does not have": _from_origin(data={"x.npz": "0" * 64}),
}
OF_INVENTION = {
    "a better strategy": consistent(scaled(0.5, 0.8)),
    "a worse base, and a placebo that equals it": _with_placebo,
}

CLAIMS = (
    *(Forgery("seeds", what, plant) for what, plant in OF_SEEDS.items()),
    *(Forgery("curves", what, plant) for what, plant in OF_CURVES.items()),
    *(Forgery("values", what, plant) for what, plant in OF_VALUES.items()),
    *(Forgery("cells", what, plant) for what, plant in OF_CELLS.items()),
    *(Forgery("origin", what, plant) for what, plant in OF_ORIGIN.items()),
    *(Forgery("values", what, plant, rerun=True) for what, plant in OF_INVENTION.items()),
)
