"""Where a regulariser belongs: the same strategy on each critic of a game with several critics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.experiment import registry
from bench.report import stats
from bench.report.cells import IN_PLACE
from bench.report.extensions import Entry, Game, ScopeTable, adjusted, against

JUDGE = "critic"
"""The critic that every game has: it says what an action is worth."""


@dataclass(frozen=True)
class Row:
    """One strategy on each critic of one game, on one base, in the task's own order of play."""

    game: str
    base: str
    strategy: str
    entries: dict[str, Entry]  # by scope
    direct: Entry | None  # with two critics: the first one's cell against the second one's
    further: tuple[str, ...]  # players on whom it acts besides if nothing restricts it


@dataclass(frozen=True)
class Belonging:
    """Rows of games with the same critics."""

    critics: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the critics say: the one that every game has says the value."""
        return tuple("value" if critic == JUDGE else critic for critic in self.critics)


def belongings(found: Sequence[Game], boot: stats.Bootstrap) -> tuple[Belonging, ...]:
    """Strategies that were tried on at least two critics of a game apart, by these critics."""
    grouped: dict[tuple[str, ...], list[Row]] = {}
    for game in found:
        critics = tuple(name for name, role in game.players.items() if role == "critic")
        for table in game.tables:
            if not table.play:
                grouped.setdefault(critics, []).extend(_rows(game, table, critics, boot))
    return tuple(
        Belonging(critics, tuple(sorted(rows, key=lambda row: (row.strategy, row.game, row.base))))
        for critics, rows in grouped.items()
        if rows
    )


def _rows(
    game: Game, table: ScopeTable, critics: tuple[str, ...], boot: stats.Bootstrap
) -> list[Row]:
    """One row per strategy, with p of the direct comparisons adjusted for all of them."""
    rows = []
    for strategy, entries in table.rows.items():
        apart = [entries[critic] for critic in critics if critic in entries]
        if len(apart) < 2 or apart[0].control:
            continue
        direct = None
        if len(critics) == 2 and not all(entry.inert for entry in apart):
            direct = against(boot, game.view, apart[0], apart[1].cell)
        further = _further(game, strategy, critics)
        rows.append(Row(game.view.name, table.base, strategy, entries, direct, further))
    direct_of = {e.key: e for e in adjusted(row.direct for row in rows if row.direct)}
    return [replace(r, direct=direct_of[r.direct.key] if r.direct else None) for r in rows]


def _further(game: Game, strategy: str, critics: tuple[str, ...]) -> tuple[str, ...]:
    """The other players on whom a strategy acts if it is not restricted to one."""
    try:
        task = registry.task(game.view.name)
        acts = (
            registry.strategy(strategy.partition(IN_PLACE)[0].partition("~")[0])
            .build(task)
            .mine(task)
        )
    except ValueError:  # several strategies, or one that does not exist (any more)
        return ()
    return tuple(player for player in acts if player not in critics)
