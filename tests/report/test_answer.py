"""The answer in five sentences: exact on made-up findings, and whole on any records."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bench.experiment import registry
from bench.report import findings
from bench.report.answer import answer, base_command, command, main_base
from bench.report.findings import DomainFinding, Finding, Study
from tests.support.factories import make_grid, make_record


def effect(value: float, low: float, high: float) -> Any:
    return SimpleNamespace(value=value, low=low, high=high, tasks=("a",), runs=10)


def finding(label, gan, rl, verdict, *, evidence="claim", expected=None, base="bare") -> Finding:
    """A row; `gan` and `rl` are a state with value, low and high, or no records."""
    domains = {
        name: DomainFinding(part[0], effect(*part[1:]) if part[1:] else None)
        for name, part in (("gan", gan or ("missing",)), ("rl", rl or ("missing",)))
    }
    return Finding(base, label, label, expected, domains, verdict, evidence)


def of(*rows: Finding, records=None) -> Study:
    """A study of these findings, and of records that just make its cells and runs."""
    made = findings.study(records or [make_record(scores=[0.1] * 10)])
    by_base = {row.base: tuple(r for r in rows if r.base == row.base) for row in rows}
    return Study(made.tasks, by_base or made.findings, made.boot)


def said(study: Study) -> list[str]:
    """The sentences without their commands."""
    return [sentence.text for sentence in answer(study)]


UNKNOWN = (
    "Whether effects in GANs predict those in RL is not known: it takes 5 strategies with unlike "
    "effects in both."
)
GOOD, SMALL = ("helps", 0.9, 0.8, 1.0), ("helps", 0.7, 0.6, 0.8)
BAD, OPEN = ("hurts", 0.2, 0.1, 0.3), ("undetermined", 0.6, 0.4, 0.8)


def test_without_findings_nothing_is_said():
    record = make_record(scores=[0.1] * 10)
    origin = record.provenance.model_copy(update={"threads": 2})
    cost = {"seconds": {"update": 3000.0, "trace": 600.0}, "provenance": origin}
    assert said(of(records=[record.model_copy(update=cost)])) == [
        UNKNOWN,
        "No strategy has been measured on a GAN or RL task yet, so there is no verdict.",
        "No strategy has effects in both domains yet, so none is shown to transfer.",
        "In GANs no strategy has been measured; in RL no strategy has been measured.",
        "The evidence on the base bare is 1 cell of 10 seeds, where a verdict needs 10, made in "
        "2.0 core-hours; of the base 0 of 10 runs failed, of all others no run; no control has "
        "been run.",
    ]


def test_undetermined_says_for_want_of_what():
    study = of(
        finding("r1", OPEN, OPEN, "undetermined"),
        finding("r2", OPEN, OPEN, "undetermined", evidence="smoke test"),
        finding("huber", None, GOOD, "undetermined"),
        finding("lookahead", None, OPEN, "undetermined"),
    )
    _, first, second, third, _ = said(study)
    assert first == (
        "On the base bare no strategy has a verdict yet: 4 of 4 are undetermined, "
        "2 for want of records in one of the domains, 1 because an interval leaves it open and "
        "1 for want of seeds (fewer than 10)."
    )
    assert second == (
        "None is shown to help in both domains; by the lower ends of the intervals "
        "r1 comes nearest, whose P(better than the base) "
        "is 0.60 [0.40, 0.80; 1 task, 10 seeds] in GANs and 0.60 [0.40, 0.80; 1 task, 10 seeds] "
        "in RL."
    )
    assert third == (
        "In GANs, of 2 strategies measured, none is shown to help or to hurt; in RL, of 4 "
        "strategies measured, 1 is shown to help, huber (0.90 [0.80, 1.00; 1 task, 10 seeds])."
    )


def test_what_transfers_is_told_by_its_lower_limits():
    study = of(
        finding("r1", SMALL, GOOD, "transfers"),
        finding("r2", GOOD, GOOD, "transfers"),
        finding("huber", GOOD, BAD, "conflicts"),
        finding("ttur", OPEN, OPEN, "undetermined"),
        finding("placebo", OPEN, OPEN, "neutral", expected="neutral"),
        finding("harmful", BAD, OPEN, "undetermined", expected="harmful"),
    )
    _, first, second, third, last = said(study)
    assert first == (
        "On the base bare 3 of 4 strategies have a verdict: transfers (r1; r2) and conflicts "
        "(huber); "
        "1 is undetermined, because an interval leaves it open."
    )
    assert second == (
        "Shown to help in both domains is r2, whose P(better than the base) is 0.90 [0.80, 1.00; "
        "1 task, 10 seeds] in GANs and 0.90 [0.80, 1.00; 1 task, 10 seeds] in RL; so does r1."
    )
    most = "r2 the most (0.90 [0.80, 1.00; 1 task, 10 seeds])"
    assert third == (
        f"In GANs, of 4 strategies measured, 3 are shown to help, {most}; in RL, of 4 "
        "strategies measured, 2 are shown to help, r1 the most (0.90 [0.80, 1.00; 1 task, 10 "
        "seeds]) and 1 is shown to hurt, huber (0.20 [0.10, 0.30; 1 task, 10 seeds])."
    )
    assert last.endswith("; the control harmful, which must be harmful, is undetermined.")
    grid = "python -m bench run --grid core --base bare --strategies"
    assert [sentence.command for sentence in answer(study)] == [
        f"{grid} r1,r2,huber,ttur --adaptive",
        f"{grid} r1,r2,huber,ttur --adaptive",
        f"{grid} r2,r1 --adaptive",
        f"{grid} r2,r1,huber --adaptive",
        f"{grid} r1,r2,huber,ttur --adaptive",
    ]


def test_the_commands_make_as_many_seeds_as_there_are() -> None:
    """10 of the strategy and 30 of the base; different numbers are those of the looks.

    Looks take a base of 100, which a study with fewer must not be said to have been.
    """
    base, whole = (make_record(scores=[0.1] * n) for n in (30, 100))
    some = [make_record(strategy=name, scores=[0.1] * 10) for name in ("r1", "r2")]
    every = findings.study([base, *some])
    grid = "python -m bench run --grid core --base bare --strategies"
    assert answer(every)[0].command == f"{grid} r1,r2 --seeds 10"
    assert base_command(every) == f"{grid} '' --contrasts none --seeds 30"
    more = make_record(strategy="r2", scores=[0.1] * 20)
    for its, end in ((base, "--seeds 20"), (whole, "--adaptive")):
        looked = findings.study([its, some[0], more])
        assert answer(looked)[0].command == f"{grid} r1,r2 {end}"


def test_the_command_of_the_whole_catalogue_names_no_strategy() -> None:
    every = findings.study([make_record(scores=[0.1] * 10)])
    names = [name for name, entry in registry.strategies().items() if entry.home != "control"]
    grid = "python -m bench run --grid core --base bare"
    assert command(every, "bare", names) == f"{grid} --adaptive"
    assert f"{grid} --strategies {','.join(names[1:])} " in command(every, "bare", names[1:])


def test_an_effect_that_was_measured_by_removal_says_so() -> None:
    row = finding("replay", OPEN, GOOD, "undetermined")
    kept = replace(row.domains["rl"], contrast="removed")
    study = of(replace(row, domains=row.domains | {"rl": kept}))
    assert "replay (0.90 [0.80, 1.00; 1 task, 10 seeds; by removing it])" in said(study)[3]
    assert "0.60 [0.40, 0.80; 1 task, 10 seeds] in GANs" in said(study)[2]


def test_a_verdict_names_its_strategies_and_where_they_are_inert() -> None:
    study = of(finding("target_network", ("inert",), GOOD, "RL only"))
    assert "RL only (target_network, inert in GANs)" in said(study)[1]
    many = ("r1", "r2", "huber", "lookahead", "ttur")
    study = of(*(finding(name, ("inert",), GOOD, "RL only") for name in many))
    assert "a verdict: RL only (5)." in said(study)[1]


def test_mixed_is_neither_help_nor_harm():
    mixed = finding("r1", ("mixed", 0.5, 0.4, 0.6), OPEN, "mixed")
    third = said(of(mixed))[3]
    assert third.startswith(
        "In GANs, of 1 strategy measured, 1 is better on one task and worse on another, "
        "whatever their mean; in RL"
    )


def test_one_strategy_is_singular_and_two_are_both():
    rows = [finding("r1", GOOD, GOOD, "transfers"), finding("huber", BAD, BAD, "harmful")]
    rows += [
        finding("placebo", OPEN, OPEN, "neutral", expected="neutral"),
        finding("harmful", BAD, BAD, "harmful", expected="harmful"),
    ]
    assert said(of(rows[0]))[1] == (
        "On the base bare the one strategy has a verdict: transfers (r1)."
    )
    _, first, *_, last = said(of(*rows))
    assert first == (
        "On the base bare both strategies have a verdict: transfers (r1) and harmful (huber)."
    )
    assert last.endswith("; both controls are as expected.")


def test_alternatives_are_said_to_be_judged_in_place_of_their_rivals() -> None:
    open_row = finding("r2", GOOD, OPEN, "undetermined")
    row = replace(open_row, label="r2 (in place of r1)", instead_of=("r1",))
    first = said(of(row, finding("huber", BAD, BAD, "harmful")))[1]
    words = "1 of 2 strategies, alternatives in place of what they replace, has a verdict"
    assert first.startswith(f"On the base bare {words}: harmful (huber); ")


def test_the_base_is_the_one_with_most_effects_in_both_domains():
    rows = [finding("r1", GOOD, None, "undetermined")]
    rows += [finding("r1", GOOD, OPEN, "undetermined", base="reference")]
    assert of(*rows).bases == ("reference", "bare")
    rows += [finding(name, GOOD, OPEN, "undetermined") for name in ("r2", "huber")]
    assert of(*rows).bases == ("bare", "reference")
    assert main_base(of()) == "bare"


def test_prediction_is_the_first_sentence() -> None:
    names = ["r1", "r2", "huber", "lookahead", "ttur", "lecam", "ema", "actor_ema", "dragan"]
    shifts = {name: (0.6 * i - 2.0, 0.6 * i - 2.0) for i, name in enumerate(names)}
    (first, *_) = said(findings.study(make_grid(shifts)))
    assert re.match(
        r"Effects in GANs do predict those in RL: over 8 strategies Spearman's correlation is "
        r"(0\.9\d|1\.00) \[0\.\d\d, 1\.00\], where one task is predicted by the others of its own "
        r"domain with \d\.\d\d \[[^]]+\] in GANs and \d\.\d\d \[[^]]+\] in RL\.$",
        first,
    ), first


@pytest.mark.parametrize(
    "records",
    [
        [make_record(task="dirac", domain="game")],
        [make_record(strategy="replay")],
        [make_record(scores=[None])],
        make_grid({}),
        make_grid({"r1": (4.0, 4.0)}, n=2),
    ],
    ids=["toy", "no base", "one failed run", "controls", "few seeds"],
)
def test_there_are_five_sentences_of_any_records(records):
    sentences = said(findings.study(records))
    assert len(sentences) == 5
    for sentence in sentences:
        assert sentence.endswith(".")
        assert "nan" not in sentence
        assert "  " not in sentence
