"""What may take the place of a merged search; of records see test_pull_request.py."""

from __future__ import annotations

import pytest

from bench.records import search_store
from bench.submissions.changed_records import SEARCHED, change_problem
from tests.records.test_search import candidate, make_search

OLD = make_search(candidate(0), candidate(1))
MORE = make_search(candidate(0), candidate(1), candidate(2), budget=4)


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        (MORE, None),
        (OLD.model_copy(update={"spec": "0" * 16}), None),
        (make_search(candidate(0), candidate(1, 0.5, 0.5, 0.5)), SEARCHED),
        (make_search(candidate(0), candidate(1, 0.5, 0.5, 0.5), candidate(2)), SEARCHED),
        (make_search(candidate(0)), SEARCHED),
        (OLD.model_copy(update={"budget": 2}), SEARCHED),
        (MORE.model_copy(update={"halving": False}), SEARCHED),
    ],
)
def test_candidates_may_be_added_to_a_search(tmp_path, new, problem):
    before, after = tmp_path / "before.search.json", tmp_path / "after.search.json"
    search_store.write(before, OLD)
    search_store.write(after, new)
    assert change_problem(before, after) == problem


def test_what_cannot_be_read(tmp_path):
    """Nothing takes the place of such a file; such a new one the validator names."""
    broken, whole = tmp_path / "broken.search.json", tmp_path / "whole.search.json"
    broken.write_text("{}")
    search_store.write(whole, OLD)
    assert "the merged file cannot be read" in (change_problem(broken, whole) or "")
    assert change_problem(whole, broken) is None
