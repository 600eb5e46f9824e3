"""Checks a pull request's merge commit as data, with the code of the branch that it goes to.

`validate --merge` calls `check` here. It sorts the paths that the commit changes (`touched_paths`),
then has the maintainers' own files looked at (`kept_files`), and the files and the content of the
submission that is sent (`sent_submission`), which compares them with what is merged
(`changed_records`) and calls the validator.

Nothing is checked out, and git decides by object ids alone: attributes, filters, replaced objects
and links in the pull request have no part in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bench.records.paths import CHECKS
from bench.submissions.git_objects import Repository
from bench.submissions.problem import Problem
from bench.submissions.touched_paths import RESULTS, Touched, touched


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
    if found.maintained:
        from bench.submissions import kept_files

        found.problems += kept_files.problems(repository, later, found.maintained)
    if len(found.submissions) != 1:
        return Outcome(_maintained(found), sorted(set(found.problems)))
    # Imported only now: the validator needs torch, and that takes seconds.
    from bench.submissions import sent_submission

    (submission,) = found.submissions
    merge = sent_submission.Merge(repository, earlier, later, *submission, author)
    count, problems = sent_submission.check(merge)
    line = f"{merge.home}: {count} record{'s are' if count != 1 else ' is'} valid"
    return Outcome(line, sorted({*found.problems, *problems}), count)


def _maintained(found: Touched) -> str:
    checks = [path for path in found.maintained if path.startswith(f"{RESULTS}/{CHECKS}/")]
    names = [path for path in found.maintained if path not in checks]
    if checks:
        more = f" and {len(checks) - 1} more in {RESULTS}/{CHECKS}" if len(checks) > 1 else ""
        names.append(f"{checks[0]}{more}")
    return (
        f"no submission is touched, but what only maintainers may change and merge "
        f"(.github/CODEOWNERS): {', '.join(names)}"
    )
