"""Twenty updates of some cells as they were when stored, in float64: what a spec hash promises.

    python -m tests.trajectories
    python -m tests.trajectories --neutral bench.world --since main --why "fewer conversions"

The first makes again those that a change has re-defined, and leaves the others as they are: the
spec hash is a promise that records stay valid, and `tests/test_spec.py` holds every edit to it. The
second enters a module among the edits that move no number, which must then be shown by the test.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from bench import trees
from bench.environments import Backend
from bench.grid import Cell
from bench.spec import NEUTRAL_EDITS, NeutralEdit, code_hash, neutral_edits, spec_hash, text_hash
from bench.train import train

STORED = Path(__file__).with_suffix(".json")
CELLS: tuple[tuple[str, Backend], ...] = (
    ("dirac/bare", "auto"),
    ("lqr_game/bare", "auto"),
    ("ring8/reference", "auto"),
    ("ring8_mdp/bare", "auto"),
    ("digits/reference", "auto"),
    ("stacked_digits/bare", "auto"),
    ("lqr/reference", "auto"),
    ("pendulum/reference", "gymnasium"),
    ("pendulum/reference", "envpool"),
    ("inverted_double_pendulum/bare", "gymnasium"),
    ("inverted_double_pendulum/reference", "envpool"),
)
"""Cells, and what steps their environments: every kind of task, and both backends."""


def numbers(text: str, backend: Backend) -> dict[str, float]:
    """Scores, diagnoses, and both players' norms after twenty updates of two of four seeds."""
    learner = Cell.parse(text).learner()
    task: Any = type(learner.game)
    # Learning at once, where the task would gather experience for a thousand updates.
    quick = type(task.__name__, (task,), {"warmup": 0, "evaluations": 1})()
    torch.set_default_dtype(torch.float64)
    try:
        run = train(replace(learner, game=quick), range(4), updates=20, backend=backend)
    finally:
        torch.set_default_dtype(torch.float32)
    found = {}
    for seed in (0, 3):
        found |= {f"{seed}/{name}": value for name, value in run.curves[-1][seed].items()}
        for player in ("actor", "critic"):
            leaves = trees.leaves(getattr(run.state.core, player))
            norm = sum(leaf[seed].square().sum() for leaf in leaves) ** 0.5
            found[f"{seed}/{player}"] = float(norm)
    return found


def stored() -> dict[str, dict[str, Any]]:
    """cell@backend -> its spec hash, and its numbers when it was stored."""
    return json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}


def store() -> None:
    """Store what is missing or is no longer defined as it was."""
    before, after = stored(), {}
    for text, backend in CELLS:
        name, spec = f"{text}@{backend}", spec_hash(Cell.parse(text))
        old = before.get(name)
        if old is None or old["spec"] != spec:
            old = {"spec": spec, "numbers": numbers(text, backend)}
            print(f"{name}: stored")
        after[name] = old
    STORED.write_text(json.dumps(after, indent=1) + "\n", encoding="utf-8")


def enter(name: str, since: str, why: str) -> None:
    """Let a module's code count as what it was at a commit, or as what that code counted as."""
    place = f"{since}:{name.replace('.', '/')}.py"
    shown = subprocess.run(["git", "show", place], capture_output=True, text=True, check=True)
    before = text_hash(shown.stdout)
    last = neutral_edits().get(name)
    counts_as = last.counts_as if last is not None and last.code == before else before
    edits = dict(neutral_edits())
    edits[name] = NeutralEdit(code_hash(import_module(name)), counts_as, why)
    table = {module: edits[module]._asdict() for module in sorted(edits)}
    NEUTRAL_EDITS.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.trajectories")
    parser.add_argument("--neutral", metavar="MODULE", help="edited, and no number has moved")
    parser.add_argument("--since", metavar="COMMIT", default="main", help="before the edit")
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
