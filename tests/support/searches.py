"""A small search as jobs, and what they gave."""

from __future__ import annotations

import json
from pathlib import Path

from bench.engine.plan import RunOptions
from bench.engine.tune_plan import Rules, SearchJob, plan_searches
from bench.engine.tune_results import SearchWriter, Stopped
from bench.experiment.cell import Cell
from bench.records.search import SearchEvaluation

R1 = Cell("dirac", "bare", "r1")
RULES = Rules(budget=3)
KEEP = SearchWriter()


def search_jobs(folder: Path, rules: Rules = RULES, cell: Cell = R1) -> list[SearchJob]:
    """Those that a search still has to run."""
    return plan_searches([cell], folder, rules, RunOptions()).searches.get(
        f"{cell.task}/{cell.name}", []
    )


def tell_apart(file: Path) -> None:
    """Give the settings of a search scores of their own; fake training knows no settings."""
    raw = json.loads(file.read_text())
    for candidate in raw["candidates"]:
        for point in candidate["curve"]:
            point["scores"] = [score + candidate["number"] for score in point["scores"]]
    file.write_text(json.dumps(raw))


def stop(job: SearchJob, *scores: float) -> None:
    """What the job's settings gave before they were stopped."""
    points = [
        SearchEvaluation.of(50 * place, [score] * 3) for place, score in enumerate(scores, start=1)
    ]
    KEEP(job, Stopped(points, seconds=1.0), [])
