"""What a pull request touches, by the paths that its merge commit changes; for `pull_request`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.records.paths import CHECKS
from bench.submissions.closed_list import KEPT, MOST_FILES, folded, text_problem
from bench.submissions.git_objects import PLAIN, Change
from bench.submissions.problem import Problem

RESULTS = "results"


@dataclass
class Touched:
    """What is touched below `results`, and what may not be touched so."""

    submissions: set[tuple[str, str]] = field(default_factory=set)  # protocol and name
    maintained: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to check."""
        return not (self.submissions or self.maintained or self.problems)


def touched(changes: Sequence[Change]) -> Touched:
    """Sort what differs between two commits."""
    found = Touched()
    below = [change for change in changes if _below(change.path)]
    found.elsewhere = [shown(change.path) for change in changes if not _below(change.path)]
    if len(below) > MOST_FILES:
        text = f"{len(below)} files are touched, more than {MOST_FILES}"
        found.problems.append(Problem(RESULTS, "closed list", text))
        return found
    for change in below:
        _sort(change, found)
    for what in (found.elsewhere, found.maintained):
        if found.submissions and what:
            more = f" ({len(what)} such files)" if len(what) > 1 else ""
            text = f"is in no submission; send it in another pull request{more}"
            found.problems.append(Problem(what[0], "closed list", text))
    for protocol, name in sorted(found.submissions)[1:]:
        text = "a second submission; send each in a pull request of its own"
        found.problems.append(Problem(f"{RESULTS}/{protocol}/{name}", "closed list", text))
    return found


def shown(path: bytes) -> str:
    """Return a path as text, however it is spelled, and short."""
    text = path.decode("utf-8", errors="backslashreplace")
    return text if len(text) <= 200 else f"{text[:197]}..."


def _below(path: bytes) -> bool:
    """Whether some file system takes a path for one in `results`, or for that folder itself."""
    first = path.partition(b"/")[0].decode("utf-8", errors="replace")
    return folded(first) == RESULTS


def _sort(change: Change, found: Touched) -> None:
    where = shown(change.path)

    def problem(text: str) -> None:
        found.problems.append(Problem(where, "closed list", text))

    wrong = text_problem(change.path)
    if wrong is not None:
        problem(wrong)
        return
    first, *parts = change.path.decode("utf-8").split("/")
    if first != RESULTS or not parts:
        problem(f"not the folder {RESULTS}")
    elif tuple(parts) in {(name,) for name in KEPT} or (parts[0] == CHECKS and parts[1:]):
        if change.status != "D" and change.mode != PLAIN:
            problem(f"of mode {change.mode}; only plain files of mode {PLAIN}")
        found.maintained.append(where)
    elif parts[0].isascii() and parts[0].isdigit() and len(parts) > 2:
        found.submissions.add((parts[0], parts[1]))
    else:
        problem(f"not below {RESULTS}/<protocol>/<name>/, and nothing that the maintainers keep")
