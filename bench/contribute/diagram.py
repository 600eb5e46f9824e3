"""Who sees whom: a picture of the extension games, drawn from what they do.

    python -m bench.contribute.diagram

Every game's `shown`, `judged`, `aside` and `model_loss` are called once with a `see` that takes
notes. The picture is `.github/images/players.svg`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from bench.contribute.strategy_checks import experience, miniature
from bench.experiment import registry
from bench.functional import rng
from bench.learner.forward import Forward, Seen
from bench.learner.learner import Learner
from bench.learner.problem import Experience
from bench.learner.strategy import combine
from bench.learner.task import Task

PICTURE = Path(".github/images/players.svg")
How = Literal["rows", "shown", "through"]


class Sight(NamedTuple):
    """`player` learns from `other`: from its rows, what it says, or its gradient."""

    player: str
    other: str
    how: How


@dataclass(frozen=True)
class Notes(Seen):
    """A `see` that notes who is asked."""

    asked: list[str] = field(default_factory=list)

    def __call__(
        self, player: str, obs: Tensor, action: Tensor | None = None, *, features: bool = False
    ) -> Tensor:
        """Note the player, then let it speak."""
        self.asked.append(player)
        return super().__call__(player, obs, action, features=features)


def sights(task: Task) -> list[Sight]:
    """Return who learns from whom in a game, in the order of play.

    Every player but those of `data_only` learns from rows that the actor made; a critic that looks
    ahead asks the actor for the next action.
    """
    task = miniature(task)
    learner = Learner(task, combine([]))
    key = rng.seed_key(0)
    state = learner.init(key)
    forward = Forward(task, learner.blueprint, lambda player: (), key)
    batch = _batch(learner, task, key)
    found: dict[Sight, None] = {}

    def note(player: str, how: How, see: Notes) -> None:
        others = [other for other in see.asked if other != player]
        found.update(dict.fromkeys(Sight(player, other, how) for other in others))

    for player, role in task.players.items():
        see, rules = Notes(forward, state.players.params, key), task.rules(player)
        if player not in task.data_only and role != "actor":
            found[Sight(player, "actor", "rows")] = None
        shown = task.shown(player, batch, see, key)
        note(player, "shown", see)
        if role == "critic" and rules.discount:
            found[Sight(player, "actor", "shown")] = None
        see = replace(see, asked=[])
        if role == "model":
            task.model_loss(player, see, shown)
        elif role == "actor":
            obs = rules.actor_obs(shown)
            action = forward.act(state.players.actor, obs, key)
            task.judged(see, obs, action)
            task.aside(see, obs, action)
        note(player, "through", see)
    return list(found)


def _batch(learner: Learner, task: Task, key: Tensor) -> Experience:
    state = learner.init(key)

    def act(obs: Tensor, use: Tensor) -> Tensor:
        return learner.act(state.players.actor, obs, use)

    return task.fresh(act, key, torch.tensor(0), experience(task, key))


WIDTH, HEIGHT, ACROSS, RADIUS = 270, 190, 3, 34
COLOURS = {"critic": "#f3d9b1", "model": "#cfe3c8", "actor": "#c9daf0"}
LINES = {
    "rows": 'stroke="#b5b5b5" stroke-dasharray="2 4"',
    "shown": 'stroke="#666666" stroke-dasharray="7 4"',
    "through": 'stroke="#b3341c" stroke-width="2"',
}
WORDS = {
    "rows": "learns from rows that it made",
    "shown": "is shown what it says, a constant",
    "through": "its gradient passes through it",
}


def picture(tasks: list[Task]) -> str:
    """Return an SVG with a panel for each game: an arrow comes from whom a player learns from."""
    rows = math.ceil(len(tasks) / ACROSS)
    width, height = ACROSS * WIDTH, rows * HEIGHT + 40
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="12" fill="none">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *map(_marker, LINES),
    ]
    for number, task in enumerate(tasks):
        left, top = WIDTH * (number % ACROSS), HEIGHT * (number // ACROSS)
        lines += _panel(task, left, top)
    for place, how in enumerate(LINES):
        left, top = 20 + place * 262, height - 18
        lines.append(f'<path d="M{left} {top}h34" {LINES[how]} marker-end="url(#{how})"/>')
        lines.append(_text(left + 44, top + 4, WORDS[how], "start"))
    return "\n".join([*lines, "</svg>", ""])


def _panel(task: Task, left: int, top: int) -> Iterator[str]:
    order = " &#8594; ".join(task.players)
    yield _text(left + WIDTH // 2, top + 20, f'<tspan font-weight="bold">{task.name}</tspan>')
    yield _text(left + WIDTH // 2, top + 36, f"plays {order}", colour="#666666")
    places = _places(tuple(task.players), left, top)
    seen: dict[frozenset[str], int] = {}
    for player, other, how in sights(task):
        lane = seen.setdefault(frozenset((player, other)), 0)
        seen[frozenset((player, other))] += 1
        yield _arrow(places[other], places[player], how, lane, forward=other < player)
    for player, (x, y) in places.items():
        role = task.players[player]
        yield f'<circle cx="{x}" cy="{y}" r="{RADIUS}" fill="{COLOURS[role]}" stroke="#444444"/>'
        yield _text(x, y + 4, player, size=11)


def _places(players: tuple[str, ...], left: int, top: int) -> dict[str, tuple[int, int]]:
    """The actor to the left, its judge to the right, a third player above both."""
    others = [player for player in players if player not in {"actor", "critic"}]
    low = top + (148 if others else 110)
    found = {"actor": (left + 60, low), "critic": (left + WIDTH - 60, low)}
    return found | dict.fromkeys(others, (left + WIDTH // 2, top + 80))


def _arrow(
    start: tuple[int, int], end: tuple[int, int], how: How, lane: int, *, forward: bool
) -> str:
    """A line from circle to circle; several between the same two lie side by side."""
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0)
    across, along = (x1 - x0) / length, (y1 - y0) / length
    aside = 11 * lane * (1 if forward else -1)
    reach = math.sqrt(RADIUS**2 - aside**2) + 1
    a = (x0 + reach * across - aside * along, y0 + reach * along + aside * across)
    reach += 5
    b = (x1 - reach * across - aside * along, y1 - reach * along + aside * across)
    d = f"M{a[0]:.1f} {a[1]:.1f}L{b[0]:.1f} {b[1]:.1f}"
    return f'<path d="{d}" {LINES[how]} marker-end="url(#{how})"/>'


def _marker(how: str) -> str:
    colour = LINES[how].split('"')[1]
    return (
        f'<marker id="{how}" viewBox="0 0 8 8" refX="3" refY="4" markerWidth="9" markerHeight="9" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="{colour}"/>'
        f"</marker>"
    )


def _text(
    x: int, y: int, words: str, anchor: str = "middle", *, size: int = 12, colour: str = "#222222"
) -> str:
    style = f'text-anchor="{anchor}" font-size="{size}" fill="{colour}"'
    return f'<text x="{x}" y="{y}" {style}>{words}</text>'


def games() -> list[Task]:
    """Return the extension games, in the order of their names."""
    return [task for task in registry.tasks().values() if task.domain == "extension"]


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(picture(games()), encoding="utf-8")
    print(f"wrote {PICTURE}")


if __name__ == "__main__":
    main()
