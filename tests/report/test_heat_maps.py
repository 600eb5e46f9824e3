"""What a reader finds around the numbers of a heat map."""

import pandas as pd
import pytest

from bench.report import heat_maps


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (["0.50", "0.50"], ""),
        (["0.91*", "0.50"], "* significant"),
        (["0.91* †", "n/a"], "* significant|† by removing|n/a changes nothing"),
        (["0.50 §", "·"], "§ the base has nothing"),
    ],
)
def test_the_marks_that_a_map_has_are_told_below_it_and_no_others(text, told) -> None:
    values = pd.DataFrame([[0.5, 0.5]], index=["r1"])
    figure, _ = heat_maps._draw(values, [text], ["ring8\nGAN", "lqr\nRL"], controls=0)
    below = figure.get_supxlabel()
    assert [part for part in told.split("|") if part not in below] == []
    assert sum(mark in below for mark in heat_maps.MARKS) == sum(
        mark in "".join(text) for mark in heat_maps.MARKS
    )


@pytest.mark.parametrize(("columns", "slanted"), [(8, False), (9, True)])
def test_names_of_many_columns_are_slanted_from_where_their_column_is(columns, slanted) -> None:
    names = [f"inverted_double_pendulum_{number}\nRL" for number in range(columns)]
    values = pd.DataFrame([[0.5] * columns], index=["r1"])
    _, axes = heat_maps._draw(values, [["0.50"] * columns], names, controls=0)
    for place, label in enumerate(axes.get_xticklabels()):
        assert ("\n" in label.get_text()) is not slanted
        assert (label.get_ha() == "left") is slanted
        assert label.get_position()[0] == place + 0.5
