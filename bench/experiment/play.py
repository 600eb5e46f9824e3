"""Orders of play: who is updated when in an update of all players.

In a cell "" is the order that the task gives, in which each player moves against the others as they
are then. The others are "simultaneous", all gradients at the same parameters; "reversed", the
task's order backwards, the actor first; and an order of its own, all players joined by dots, as in
actor.reward.critic.
"""

from __future__ import annotations

from bench.experiment.registry import UnknownName
from bench.learner.task import Task

GIVEN, SIMULTANEOUS, REVERSED = "given", "simultaneous", "reversed"
WORDS = (GIVEN, SIMULTANEOUS, REVERSED)


def normal(play: str, task: Task) -> str:
    """Return the order of play as cells write it: every order in one way only.

    Raises `UnknownName` for a text that is no order of play of the task.
    """
    if play == SIMULTANEOUS:
        return play
    order = _order(play, task)
    own = tuple(task.players)
    if order == own:
        return ""
    return REVERSED if order == own[::-1] else ".".join(order)


def order(play: str, task: Task) -> tuple[str, ...]:
    """Return the players in the order in which they move; () for the task's own, or at once.

    Raises `UnknownName` for a text that is no order of play of the task.
    """
    return () if play in {"", SIMULTANEOUS} else _order(play, task)


def _order(play: str, task: Task) -> tuple[str, ...]:
    own = tuple(task.players)
    if play in {"", GIVEN}:
        return own
    if play == REVERSED:
        return own[::-1]
    found = tuple(play.split("."))
    if sorted(found) != sorted(own):
        raise UnknownName(
            f"{play!r} is no order of play of {task.name}; write {', '.join(WORDS)}, or all its "
            f"players: {'.'.join(own)}"
        )
    return found
