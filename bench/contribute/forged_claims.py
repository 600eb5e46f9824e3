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
    jittered,
    points,
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


def _best_twice(raw: Raw, rng: random.Random, share: float = 0.0) -> None:
    """The best curve in place of the worst, behind the worst one's step 0."""
    best = min(raw["seeds"], key=lambda seed: seed["score"])
    worst = max(raw["seeds"], key=lambda seed: seed["score"])
    worst["curve"] = [worst["curve"][0], *copy.deepcopy(best["curve"][1:])]
    if share:
        jittered({"seeds": [worst]}, rng, share)


def _turned(raw: Raw, rng: random.Random) -> None:
    """The best curve in place of the worst, with its evaluations in another order."""
    _best_twice(raw, rng)
    curve = max(raw["seeds"], key=lambda seed: seed["score"])["curve"]
    values = [point["metrics"] for point in curve[1:]]
    for point, metrics in zip(curve[1:], [*values[1:], values[0]], strict=True):
        point["metrics"] = metrics


def _exchanged(raw: Raw, _: random.Random) -> None:
    first, second, *_ = raw["seeds"]
    first["curve"], second["curve"] = second["curve"], first["curve"]


def _from(source: str, share: float = 0.0, better: float = 1.0) -> Callable[..., None]:
    """The curves of another cell, for the cell of R1."""

    def plant(folder: Path, rng: random.Random) -> None:
        other = json.loads((folder / f"{source}.json").read_text(encoding="utf-8"))

        def change(raw: Raw) -> None:
            raw["seeds"] = copy.deepcopy(other["seeds"])
            if share:
                jittered(raw, rng, share)
            for metrics in points(raw):
                metrics["fid"] = rounded((metrics["fid"] or 0.0) * better)
            summarised(raw)

        edit(folder / f"{R1}.json", change)

    return plant


def _new_cell(text: str, change: Callable[[Raw, random.Random], object]) -> Callable[..., None]:
    """A further cell, made from the base's record."""

    def plant(folder: Path, rng: random.Random) -> None:
        raw = json.loads((folder / "ring8/bare.json").read_text(encoding="utf-8"))
        as_cell(raw, Cell.parse(text))
        change(raw, rng)
        summarised(raw)
        (folder / f"{text}.json").write_text(json.dumps(raw), encoding="utf-8")

    return plant


def _sent_again(folder: Path, _: random.Random) -> None:
    """What is merged as `demo`, under another name."""

    def change(raw: Raw) -> None:
        raw["seconds"] = {phase: round(spent - 0.01, 3) for phase, spent in raw["seconds"].items()}

    for path in folder.rglob("*.json"):
        edit(path, change)


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


def _scaled(low: float, high: float) -> Callable[[Raw, random.Random], None]:
    """Every number after step 0 by a factor of its own for each seed and metric: an invention."""

    def change(raw: Raw, rng: random.Random) -> None:
        for seed in raw["seeds"]:
            names = sorted(seed["curve"][0]["metrics"])
            factors = {name: rng.uniform(low, high) for name in names}
            for point in seed["curve"][1:]:
                metrics = point["metrics"]
                for name in set(names) - {"modes"}:
                    most = 1.0 if name == "high_quality" else 8.0 if name == "is" else 1e6
                    least = 1.0 if name == "is" else 0.0
                    if metrics[name] is not None:
                        metrics[name] = rounded(
                            min(max(least, metrics[name] * factors[name]), most)
                        )

    return change


def _with_placebo(folder: Path, rng: random.Random) -> None:
    """A worse base, and the same numbers for its placebo."""
    seed = rng.random()
    for cell in ("ring8/bare", "ring8/bare+placebo"):
        consistent(_scaled(1.5, 2.5), cell)(folder, random.Random(seed))


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
    "more quality than there is": consistent(_set("high_quality", 1.5)),
    "a return above the most": consistent(_set("return", 12.0), "pendulum/bare+r1"),
    "a negative gradient norm": consistent(_set("critic_grad_norm", -1.0)),
    "no time": edited(lambda raw: raw.update(seconds={})),
    "a thousand million seconds": edited(lambda raw: raw["seconds"].update(update=1e9)),
    "time of another phase": edited(lambda raw: raw["seconds"].update(sleep=1.0)),
    "time of no seed": edited(lambda raw: raw.update(seconds_seeds=1)),
}
OF_COPIES = {
    "the base's curves": _from("ring8/bare"),
    "another strategy's curves": _from("ring8/bare+low_beta1+r1"),
    "another strategy's curves, jittered": _from("ring8/bare+low_beta1+r1", share=0.004),
    "the base's curves with a better score": _from("ring8/bare", better=0.5),
    "another's submission under a new name": _sent_again,
    "the best curve twice": consistent(_best_twice),
    "the best curve twice, jittered": consistent(lambda raw, rng: _best_twice(raw, rng, 0.004)),
    "the best curve twice, in another order": consistent(_turned),
}
OF_CELLS = {
    "no name of a strategy": edited(lambda raw: raw.update(strategy="")),
    "a second name": _second_name,
    "other settings": edited(lambda raw: raw["settings"]["r1"].update(gamma=0.5)),
    "other code": _from_origin(spec="0" * 16),
    "a tuned cell without a search": edited(lambda raw: raw.update(settings_from="tuned")),
    "another protocol": edited(lambda raw: raw.update(protocol_version="1")),
    "a worse base, beside its placebo": consistent(_scaled(1.5, 2.5), "ring8/bare"),
    "a placebo that helps": consistent(_scaled(0.7, 0.8), "ring8/bare+placebo"),
    "an inert strategy that helps": _new_cell("ring8/bare+target_network", _scaled(0.7, 0.8)),
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
    "a better strategy": consistent(_scaled(0.5, 0.8)),
    "a worse base, and a placebo that equals it": _with_placebo,
    "another strategy's curves, changed by 10 %": _from("ring8/bare+low_beta1+r1", share=0.1),
}

CLAIMS = (
    *(Forgery("seeds", what, plant) for what, plant in OF_SEEDS.items()),
    *(Forgery("curves", what, plant) for what, plant in OF_CURVES.items()),
    *(Forgery("values", what, plant) for what, plant in OF_VALUES.items()),
    *(Forgery("copies", what, plant) for what, plant in OF_COPIES.items()),
    *(Forgery("cells", what, plant) for what, plant in OF_CELLS.items()),
    *(Forgery("origin", what, plant) for what, plant in OF_ORIGIN.items()),
    *(Forgery("values", what, plant, rerun=True) for what, plant in OF_INVENTION.items()),
)
