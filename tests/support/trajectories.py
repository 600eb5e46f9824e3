"""Some updates of some cells as they were when stored, in float64: what a spec hash promises.

    python -m tests.support.trajectories
    python -m tests.support.trajectories --neutral bench.training.rollout --why "faster"

The first stores anew those that a change has re-defined, and leaves the others as they are: the
spec hash promises that records stay valid, and `tests/experiment/test_spec.py` holds every edit to
it. The second enters a module among the edits that move no number, which the test must then show.
"""

from __future__ import annotations

import argparse
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.experiment.spec import (
    NEUTRAL_EDITS,
    NeutralEdit,
    code_hash,
    read_neutral_edits,
    spec_hash,
)
from bench.functional import pytree
from bench.learner.problem import EnvironmentLibrary
from bench.training.train import train
from tests.support.code_path import code_path

ROOT = Path(__file__).resolve().parents[2]
STORED = Path(__file__).with_suffix(".json")
EDITS = NEUTRAL_EDITS.relative_to(ROOT)


class Trajectory(NamedTuple):
    """A cell, what steps its environment, and how its updates are computed."""

    cell: str
    library: EnvironmentLibrary = "gymnasium"
    code: Literal["recorded", "compiled"] = "recorded"
    updates: int = 30  # more than lqr's 25 steps, so that episodes are cut off

    def __str__(self) -> str:
        return f"{self.cell}@{self.library}, {self.code}"

    def numbers(self) -> dict[str, float]:
        """Scores, diagnoses, and both players' norms after the updates of two of four seeds."""
        learner = Cell.parse(self.cell).learner()
        task: Any = type(learner.task)
        # Learning at once, where the task would gather experience for a thousand updates; some
        # episodes of an evaluation go on when others have ended.
        changes = {"warmup": 0, "evaluations": 1, "episodes": min(4, task.episodes * 4)}
        quick = type(task.__name__, (task,), changes)()
        with float64(), code_path(compiled=self.code == "compiled"):
            run = train(
                replace(learner, task=quick), range(4), updates=self.updates, library=self.library
            )
        found = {}
        for seed in (0, 3):
            if self in TRAJECTORIES:  # of the others only how far the players have come
                found |= {f"{seed}/{name}": value for name, value in run.curves[-1][seed].items()}
            for player in learner.task.players:
                leaves = pytree.leaves(run.state.players.params[player])
                norm = sum(leaf[seed].square().sum() for leaf in leaves) ** 0.5
                found[f"{seed}/{player}"] = float(norm)
        return found


TRAJECTORIES = (
    Trajectory("dirac/bare"),
    Trajectory("dirac/bare", code="compiled"),
    Trajectory("lqr_game/bare", updates=20),  # then it diverges
    Trajectory("corners100/bare"),
    Trajectory("reacher_turning/bare"),
    Trajectory("ring8/reference"),
    Trajectory("ring8/reference+batch_norm_joint", code="compiled"),
    Trajectory("ring8/reference-r1+dragan"),
    Trajectory("ring8/reference-r1+gradient_penalty"),
    Trajectory("ring8_mdp/bare"),
    Trajectory("digits/reference"),
    Trajectory("stacked_digits/bare"),
    Trajectory("lqr/reference"),
    Trajectory("pendulum/reference", "gymnasium"),
    Trajectory("pendulum/reference", "envpool"),
    Trajectory("inverted_double_pendulum/bare", "gymnasium"),
    Trajectory("inverted_double_pendulum/reference", "envpool"),
    Trajectory("walker2d_small/bare"),
    Trajectory("lqr_model/bare", updates=100),
    Trajectory("linear_bi/bare+r1"),
    Trajectory("linear_bi/bare+r2"),
    Trajectory("ring8_info/bare"),
    Trajectory("ring8_conditional/bare"),
    Trajectory("lqr_imitation/reference+r1@reward"),
    Trajectory("pendulum_imitation/reference"),
    Trajectory("digits_aae/bare", updates=10),
    Trajectory("digits_info/bare", updates=10),
    Trajectory("digits_vae/bare", updates=10),
)
"""Every kind of task, both libraries, and compiled code."""

EVERY_STRATEGY = tuple(
    Trajectory(f"{task}/bare+{name}", updates=6)
    for name in registry.strategies()
    for task in ("ring8", "lqr_game")
)
"""Every strategy on a GAN and where there are next values, so that its edits can be told."""


@contextmanager
def float64() -> Iterator[None]:
    """Numbers are float64 by default within."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def stored() -> dict[str, dict[str, Any]]:
    """Trajectory -> the spec hash of its cell, and its numbers when it was stored."""
    return json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}


def store() -> None:
    """Store what is missing or is no longer defined as it was."""
    before, after = stored(), {}
    for trajectory in (*TRAJECTORIES, *EVERY_STRATEGY):
        name, spec = str(trajectory), spec_hash(Cell.parse(trajectory.cell))
        old = before.get(name)
        if old is None or old["spec"] != spec:
            old = {"spec": spec, "numbers": trajectory.numbers()}
            print(f"{name}: stored")
        after[name] = old
    lines = (f" {json.dumps(name)}: {json.dumps(entry)}" for name, entry in after.items())
    STORED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def enter(name: str, since: str, why: str) -> None:
    """Let a module's code count as what it was at a commit, or as what that code counted as."""
    module = import_module(name)
    path = Path(inspect.getsourcefile(module) or "").resolve().relative_to(ROOT)
    before, now = code_hash(_shown(since, path), name), code_hash(path.read_text(), name)
    if before == now:
        sys.exit(f"{name} is as it was at {since}: name the commit before the edit by --since")
    edits = [NeutralEdit(**edit) for edit in json.loads(_shown(since, EDITS))]
    counts_as = {edit.code: edit.counts_as for edit in edits}.get(before, before)
    others = [edit for edit in read_neutral_edits() if edit.module != name]
    table = sorted([*others, NeutralEdit(name, now, counts_as, why)])
    text = json.dumps([edit._asdict() for edit in table], indent=2)
    NEUTRAL_EDITS.write_text(text + "\n", encoding="utf-8")


def _shown(commit: str, path: Path) -> str:
    """A file as it was at a commit."""
    done = subprocess.run(
        ["git", "-C", ROOT, "show", f"{commit}:{path}"], capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else sys.exit(done.stderr.strip())


def main() -> None:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.trajectories")
    parser.add_argument("--neutral", metavar="MODULE", help="edited, and no number has moved")
    parser.add_argument("--since", metavar="COMMIT", default="HEAD", help="before the edit")
    parser.add_argument("--why", metavar="TEXT", help="what the edit was for")
    given = parser.parse_args()
    if given.neutral is None:
        store()
    elif given.why:
        enter(given.neutral, given.since, given.why)
    else:
        parser.error("--why is needed: say what the edit was for")


if __name__ == "__main__":
    main()
