"""All that can be found without running is found; what cannot is listed, and is not found."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.contribute import forgeries
from bench.submissions.validate import validate

PAGE = Path(__file__).resolve().parents[2] / "results" / "README.md"
FREE = [each for each in forgeries.FORGERIES if not each.rerun]
KINDS = sorted({each.kind for each in FREE})


def test_the_submission_is_valid_before_anything_is_forged(tmp_path: Path) -> None:
    folder = forgeries.copied(forgeries.RESULTS, tmp_path)
    assert validate(folder, forgeries.RESULTS).problems == []


@pytest.mark.parametrize("kind", KINDS)
def test_forgeries_of_a_kind_are_all_found(kind: str) -> None:
    outcomes = list(forgeries.tried(each for each in FREE if each.kind == kind))
    assert len(outcomes) >= 7
    assert [each.forgery.what for each in outcomes if not each.found] == []


def test_what_only_a_rerun_can_tell_is_said_to_be_so() -> None:
    outcomes = list(forgeries.tried(each for each in forgeries.FORGERIES if each.rerun))
    assert [each.forgery.what for each in outcomes if each.found] == []


def test_the_page_has_the_table() -> None:
    made = [forgeries.Outcome(each, not each.rerun, "") for each in forgeries.FORGERIES]
    assert forgeries.table(made) in PAGE.read_text(encoding="utf-8")


def test_every_forgery_has_a_name_of_its_own() -> None:
    names = [(each.kind, each.what) for each in forgeries.FORGERIES]
    assert len(names) == len(set(names))
