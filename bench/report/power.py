"""How many seeds a verdict takes: the power of the looks, in simulated worlds.

    python -m bench.report.power power.png

makes the figure of results/README.md. Every world has eight tasks with the same effect, equally
spread normal runs, a base of 100 seeds, and is judged at the first step of Holm over the catalogue.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bench.experiment.protocol import BASE_SEEDS
from bench.report import looks
from bench.report.families import declared_size
from bench.report.style import ACCENT, INK, MUTED, png, styled
from bench.report.worlds import World, comparisons, shift_of

TRUTHS = (0.5, 0.525, 0.55, 0.575, 0.6, 0.625, 0.65, 0.675, 0.7, 0.75, 0.8)
TASKS = 8


def power_table(truths: Sequence[float], *, family: int, worlds: int) -> pd.DataFrame:
    """The share of so many worlds that each look has decided: columns truth, seeds, state, share.

    Shares are cumulative over looks; states are helps and equivalent.
    """
    rng = np.random.default_rng(0)
    rows = []
    for truth in truths:
        world = World((shift_of(truth),) * TASKS)
        decided = []
        for _ in range(worlds):
            base = world.base(rng, BASE_SEEDS)
            pairs = comparisons(world.strategy(rng, looks.LOOKS[-1].seeds, base), base)
            at = looks.at_looks([(each, False) for each in pairs])
            decided.append(looks.decide({"": at}, family)[""])
        for look in looks.LOOKS:
            for state in ("helps", "equivalent"):
                share = np.mean([d.state == state and d.seeds <= look.seeds for d in decided])
                rows.append({"truth": truth, "seeds": look.seeds, "state": state, "share": share})
    return pd.DataFrame(rows)


def power_figure(table: pd.DataFrame) -> bytes:
    """PNG of the share of worlds called helps, and equivalent, by the true effect."""
    with styled():
        figure = Figure(figsize=(8.0, 3.2), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for axes, state in zip(panels, ("helps", "equivalent"), strict=True):
            rows = table[table.state == state]
            for (seeds, line), dash in zip(rows.groupby("seeds"), (":", "--", "-"), strict=True):
                colour = ACCENT if seeds == looks.LOOKS[-1].seeds else MUTED
                axes.plot(line.truth, line.share, dash, color=colour, label=f"{seeds} seeds")
            axes.set(
                title=f'called "{state}"', xlabel="true P(better than base)", ylim=(-0.02, 1.02)
            )
            axes.axhline(0.05, color=INK, lw=0.6, alpha=0.5)
        panels[0].set_ylabel("share of simulated studies")
        panels[0].legend(frameon=False, loc="lower right")
        return png(figure)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="The power of the looks, as a PNG figure.")
    arguments.add_argument("out", type=Path, help="where it is written")
    out = arguments.parse_args().out
    found = power_table(TRUTHS, family=declared_size("bare", 2), worlds=400)
    print(found.pivot(index="truth", columns=["state", "seeds"], values="share").to_string())
    out.write_bytes(power_figure(found))
