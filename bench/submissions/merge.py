"""Checks a pull request's merge commit as data, with the code of the branch that it goes to.

Nothing is checked out, and git decides by object ids alone: attributes, filters, replaced objects
and links in the pull request have no part in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bench.submissions.git_objects import Repository
from bench.submissions.merge_paths import Touched, touched
from bench.submissions.problem import Problem


@dataclass(frozen=True)
class Outcome:
    """Every problem, and the line to print if there is none."""

    line: str
    problems: list[Problem] = field(default_factory=list)
    count: int = 0  # of the records and searches that were checked


def check(folder: Path, ref: str, *, base: str | None = None, author: str | None = None) -> Outcome:
    """Check what a merge commit adds to `base`, by default its first parent.

    `author` is the login of the pull request's author, to whom the submission must belong. Raises
    `BadGit` if there is no such commit, or no repository around the folder.
    """
    repository = Repository(folder)
    later = repository.commit(ref)
    earlier = repository.commit(base if base is not None else f"{later}^1")
    found = touched(repository.changes(earlier, later))
    if found.nothing:
        return Outcome("no results are touched")
    if len(found.submissions) != 1:
        return Outcome(_maintained(found), found.problems)
    # Imported only now: the validator needs torch, and that takes seconds.
    from bench.submissions import merge_content

    (submission,) = found.submissions
    merge = merge_content.Merge(repository, earlier, later, *submission, author)
    count, problems = merge_content.check(merge)
    line = f"{merge.home}: {count} record{'s are' if count != 1 else ' is'} valid"
    return Outcome(line, sorted({*found.problems, *problems}), count)


def _maintained(found: Touched) -> str:
    names = ", ".join(found.maintained[:3])
    more = f" and {len(found.maintained) - 3} more" if len(found.maintained) > 3 else ""
    return f"no submission is touched; the maintainers review {names}{more}"
