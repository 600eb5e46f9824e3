"""Made-up records of extensions: strategies on one player, and other orders of play."""

from __future__ import annotations

from typing import Any

from bench.experiment import registry
from bench.experiment.cell import Cell
from bench.records.record import Record
from bench.report import extensions, findings
from tests.support.factories import make_record, normal_scores


def extension(
    task: str,
    strategy: str | None = None,
    *,
    play: str = "",
    base: str = "bare",
    shift: float = 0.0,
    mean: float = 1.0,
    n: int = 10,
    **changes: Any,
) -> Record:
    """A record of n seeds, `shift` standard deviations better than `mean`; lower is better."""
    cell = Cell(task, base, strategy, play=play, instead_of=changes.get("instead_of"))
    scores = normal_scores(f"{task}/{cell.name}", mean - 0.1 * shift, 0.1, n)
    domain = registry.task(task).domain
    given: dict[str, Any] = {"scores": scores, "contrast": cell.contrast, "cell": cell.name}
    given |= {"task": task, "domain": domain, "play": play, "base": base, "strategy": strategy}
    return make_record(**given | changes)


def imitation(task: str = "lqr_imitation", base: str = "bare") -> list[Record]:
    """The base, controls, and strategies on everybody and on each critic.

    r1 suits `reward`; weight_decay has the scores of the base, wherever it acts.
    """
    base_scores = normal_scores(task + base, 1.0, 0.1, 10)
    shifts = {
        None: 0.0,
        "placebo": 0.0,
        "harmful": -9.0,
        "r1": 4.0,
        "r1@reward": 6.0,
        "r1@critic": -6.0,
        "weight_decay": 0.0,
        "weight_decay@reward": 0.0,
        "weight_decay@critic": 0.0,
        "weight_decay@actor": 0.0,
        "huber": -4.0,
        "dropout@reward": 9.0,
        "dropout@critic": 0.0,
    }
    records = []
    for name, shift in shifts.items():
        same = {"scores": base_scores} if name is None or "weight_decay" in name else {}
        records.append(extension(task, name, base=base, shift=shift, **same))
    return records


def games(records: list[Record]) -> dict[str, extensions.Game]:
    """What the report shows of these records, by task."""
    return {game.view.name: game for game in extensions.games(findings.study(records))}
