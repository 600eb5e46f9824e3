"""What the front page shows of transfer, and of Table 1."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from bench.report import table_1, transfer
from bench.report.site import Site
from bench.report.verdicts import ORDER_OF_STATES

Part = dict[str, Any]


def transfer_part(site: Site) -> Part | None:
    """Prediction, verdicts and decision on every base; None without a strategy anywhere."""
    bases = [_base(site, base) for base in site.study.bases if site.study.findings[base]]
    return {"bases": bases, "fewest": transfer.FEWEST} if bases else None


def _base(site: Site, base: str) -> Part:
    found = transfer.transfer(site.study, base)
    frame = transfer.table(found)
    rows, columns = (
        [state for state in ORDER_OF_STATES if any(key[side] == state for key in found.states)]
        for side in (0, 1)
    )
    modes: dict[str, dict[str, transfer.Estimate]] = defaultdict(dict)
    for (gan, rl), estimate in found.modes.items():
        modes[gan][rl] = estimate
    names = sorted({rl for row in modes.values() for rl in row})
    return {
        "found": found,
        "states": [(row, [found.states.get((row, c), 0) for c in columns]) for row in rows],
        "columns": columns,
        "modes": [(gan, [row[rl] for rl in names]) for gan, row in modes.items()],
        "mode_columns": names,
        "files": site.writer.table(f"prediction-{site.writer.slug(base)}", frame)
        if len(frame)
        else None,
    }


def table_1_part(site: Site) -> Part | None:
    """The rows of Table 1 with measured effects; None without a base."""
    lines = list(table_1.lines(site.study))
    if not lines:
        return None
    frame = table_1.table(site.study)
    return {
        "lines": [(line, site.strategy(line.strategy)) for line in lines],
        "files": site.writer.table("table-1", frame),
    }
