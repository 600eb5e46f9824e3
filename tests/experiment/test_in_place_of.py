"""One strategy in place of another of the base: declarations, cells and grids."""

import pytest

from bench.engine.plan import check
from bench.experiment import registry
from bench.experiment.cell import BadGrid, Cell, signed
from bench.experiment.grid import Grid
from bench.experiment.kits import KITS, REFERENCE, reference
from bench.experiment.registry import Incomplete, UnknownName
from bench.experiment.spec import spec_hash, text_hash
from tests.experiment.test_registry import WHOLE, add

__all__ = ["add"]  # a fixture

GAME = "lqr_imitation"  # its reference base is that of RL; two critics


def cell(task: str, added: str, removed: str, **changes) -> Cell:
    return Cell(task, "reference", added, instead_of=removed, **changes)


@pytest.mark.parametrize(
    ("made", "name", "strategies"),
    [
        (
            cell("ring8", "spectral_norm", "r1"),
            "reference-r1+spectral_norm",
            "low_beta1 spectral_norm",
        ),
        (cell("ring8", "huber+r2", "r1"), "reference-r1+huber+r2", "huber low_beta1 r2"),
        (cell("ring8", "r2", "low_beta1+r1"), "reference-low_beta1-r1+r2", "r2"),
        (
            cell("pendulum", "batch_norm_joint", "target_network"),
            "reference-target_network+batch_norm_joint",
            "batch_norm_joint replay",
        ),
        (
            cell("pendulum", "layer_norm", "replay+target_network"),
            "reference-replay-target_network+layer_norm",
            "layer_norm",
        ),
        (
            cell(GAME, "layer_norm@reward", "replay"),
            "reference-replay+layer_norm@reward",
            "layer_norm@reward target_network",
        ),
        (cell("ring8", "r1@critic", "r1"), "reference-r1+r1@critic", "low_beta1 r1@critic"),
        (
            cell(GAME, "r2@critic", "replay", updates=900, play="simultaneous", variant="tuned"),
            "reference-replay+r2@critic=simultaneous@900~tuned",
            "r2@critic target_network",
        ),
        # Half of it is in the kit: that half is there once.
    ],
)
def test_a_cell_says_what_takes_the_place_of_what(made, name, strategies):
    assert made.contrast == "in place of"
    assert made.name == name
    assert made.strategies == tuple(strategies.split())
    assert Cell.parse(f"{made.task}/{name}") == made
    assert Cell.parse(f"{made.task}/{name}.json") == made
    assert made.settings().keys() == set(made.strategies)
    assert made.published.name == name.removesuffix("~tuned")
    made.published.learner()


def test_a_cell_that_contradicts_itself_has_no_learner():
    for strategy, removed in (
        ("ddpg+r2", "target_network"),
        ("r2", "target_network+replay"),
        ("r2+huber", "replay"),
    ):
        with pytest.raises(BadGrid):
            cell("pendulum", strategy, removed).learner()


def test_what_is_removed_together_has_a_sign_each():
    both = Cell("pendulum", "reference", "replay+target_network")
    assert (both.contrast, both.name) == ("removed", "reference-replay-target_network")
    assert Cell.parse("pendulum/reference-replay-target_network") == both
    assert both.strategies == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "ring8/reference-replay+r2",
            "reference base of ring8 has no replay to remove: it has low_beta1, r1",
        ),
        ("ring8/bare-r1+r2", "the bare base of ring8 has no r1 to remove: it has no strategies"),
        ("ring8/reference-r11+r2", "has no r11 to remove"),
        ("ring8/reference-r1+r22", "unknown strategy 'r22'; did you mean 'r2'"),
        ("ring8/reference-r1+r1", "r1 is both removed and added"),
        ("ring8/reference-r1+r3gan", "r1 is both removed and added"),
        ("pendulum/reference-ddpg+r2", "has no ddpg to remove: it has replay, target_network"),
        ("ring8/reference-r1-r1+r2", "r1[+]r1 is not sorted, or holds a name twice"),
        (
            "pendulum/reference-target_network-replay+r2",
            "did you mean pendulum/reference-replay-target_network[+]r2",
        ),
        ("ring8/reference-r1+r2+huber", "did you mean ring8/reference-r1[+]huber[+]r2"),
        ("ring8/reference+r2-r1", "did you mean ring8/reference-r1[+]r2"),
        ("ring8/reference-r1+", "did you mean ring8/reference-r1[?]"),
        ("ring8/reference-", "TASK/CELL"),
        ("pendulum/reference-replay+target_network", "write reference-replay-target_network"),
        (f"{GAME}/reference-replay+r1@nobody", "has no player 'nobody'"),
        (f"{GAME}/reference-replay@critic+r1", "has no replay@critic to remove"),
    ],
)
def test_a_text_that_is_no_cell_is_refused(text, message):
    with pytest.raises(ValueError, match=message) as error:
        Cell.parse(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ("a", "")),
        ("b+a", ("b+a", "")),
        ("a-b", ("a", "b")),
        ("-b+a", ("a", "b")),
        ("a-c-b", ("a", "b+c")),
        ("b-c+a", ("b+a", "c")),
        ("-a", ("", "a")),
        ("", ("", "")),
        ("a--b", ("a", "+b")),
        ("+a", ("+a", "")),
    ],
)
def test_signs_of_names(text, parts):
    assert signed(text) == parts


def names(**changes) -> list[str]:
    raw = {"about": "", "tasks": "ring8,pendulum", "strategies": [], "bases": ["reference"]}
    grid = Grid.model_validate(raw | {"updates": 9} | changes)
    check(grid.cells(), 2)
    return [f"{cell.task}/{cell.name.removesuffix('@9')}" for cell in grid.cells()]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"strategies": "spectral_norm"},
            "ring8/reference+spectral_norm ring8/reference-r1+spectral_norm "
            "pendulum/reference+spectral_norm",
        ),
        (
            {"strategies": "spectral_norm", "bases": "bare", "tasks": "ring8"},
            "ring8/bare+spectral_norm",
        ),
        # Where the base has nothing to replace, it is added.
        (
            {"strategies": "spectral_norm-r1"},
            "ring8/reference-r1+spectral_norm pendulum/reference+spectral_norm",
        ),
        ({"strategies": "-r1+huber", "tasks": "ring8"}, "ring8/reference-r1+huber"),
        (
            {"strategies": "huber-replay-target_network,huber-ddpg", "tasks": "pendulum"},
            "pendulum/reference-replay-target_network+huber",
        ),
        (
            {"strategies": "spectral_norm,spectral_norm-r1", "contrasts": "in-place-of"},
            "ring8/reference-r1+spectral_norm",
        ),
        (
            {"strategies": "spectral_norm,r1", "contrasts": ["added", "removed"]},
            "ring8/reference-r1 ring8/reference+spectral_norm pendulum/reference+r1 "
            "pendulum/reference+spectral_norm",
        ),
        # A combination takes the place of what any of its parts does, but of nothing it names.
        (
            {"strategies": "wgan_gp,r3gan,r1+r2", "tasks": "ring8"},
            "ring8/reference+r1+r2 ring8/reference+r3gan ring8/reference+wgan_gp "
            "ring8/reference-r1+wgan_gp",
        ),
        (
            {"strategies": "layer_norm@each", "tasks": GAME},
            " ".join(
                f"{GAME}/reference{removed}+layer_norm@{player}"
                for player in ("actor", "critic", "reward")
                for removed in ("", "-target_network")
            ),
        ),
        (
            {"strategies": "r2@each-replay", "tasks": GAME},
            f"{GAME}/reference-replay+r2@critic {GAME}/reference-replay+r2@reward",
        ),
        (
            {"strategies": "r2", "tasks": "ring8", "updates": None, "contrasts": ["in-place-of"]},
            "ring8/reference ring8/reference+harmful ring8/reference+placebo ring8/reference-r1+r2",
        ),
        (
            {"strategies": "r2-r1", "tasks": "ring8", "play": "given,simultaneous"},
            "ring8/reference-r1+r2 ring8/reference-r1+r2=simultaneous",
        ),
    ],
)
def test_what_a_grid_holds(changes, expected):
    assert names(**changes) == expected.split()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategies": "-r1"}, "'-r1' puts nothing in place of r1; write r1 without the sign"),
        ({"strategies": "huber-lecam"}, "no base here has lecam to remove; leave -lecam out of"),
        ({"strategies": "huber-r1", "bases": "bare"}, "no base here has r1 to remove"),
        ({"strategies": "huber-r1", "tasks": "pendulum"}, "no base here has r1 to remove"),
        ({"strategies": "huber-r11"}, "unknown strategy 'r11'"),
        ({"strategies": "hubr-r1"}, "unknown strategy 'hubr'"),
        ({"strategies": "huber-r1@critic"}, "r1 is removed from all players at once; write -r1"),
        ({"strategies": "huber- r1"}, "unknown strategy ' r1'"),
        ({"strategies": "r1-r1"}, "r1 is both removed and added"),
        ({"strategies": "huber", "contrasts": "removed,in-place-of"}, "no cell here is removed or"),
        ({"strategies": "huber", "contrasts": "replaced"}, "unknown contrast 'replaced'; known: "),
        ({"strategies": "huber", "contrasts": []}, "contrasts is empty; name at least one"),
    ],
)
def test_grids_that_are_refused(changes, message):
    with pytest.raises((BadGrid, UnknownName), match=message) as error:
        names(**changes)
    assert "\n" not in str(error.value)


def test_all_have_a_cell_in_place_of_each_alternative_that_a_kit_holds():
    grid = Grid.model_validate({"about": "", "tasks": "core", "strategies": "all"})
    found = {(c.task, c.strategy): c.instead_of for c in grid.cells() if c.instead_of}
    tasks = {cell.task: registry.task(cell.task) for cell in grid.cells()}
    expected = {
        (name, strategy): "+".join(sorted(both))
        for name, task in tasks.items()
        for strategy, entry in registry.strategies().items()
        if (both := set(entry.instead_of) & set(reference(task))) and strategy not in both
    }
    assert found == expected
    assert found["ring8", "spectral_norm"] == "r1"
    assert found["pendulum", "batch_norm_joint"] == "target_network"


def test_declared_alternatives_are_strategies_and_no_kits_or_controls():
    declared = {n: e.instead_of for n, e in registry.strategies().items() if e.instead_of}
    rivals = {rival for names in declared.values() for rival in names}
    assert rivals <= set(registry.strategies()) - set(KITS)
    assert {"r1", "target_network"} <= rivals
    assert not any(registry.strategy(n).home == "control" for n in (*declared, *rivals))
    assert all(set(kit) <= set(registry.strategies()) for kit in REFERENCE.values())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('INSTEAD_OF = ("half",)', "INSTEAD_OF names 'half', which is the strategy itself"),
        ('INSTEAD_OF = ["r11"]', "INSTEAD_OF: unknown strategy 'r11'; did you mean 'r1'"),
        ('IDLE_BESIDE = {"r11": "why"}', "IDLE_BESIDE: unknown strategy 'r11'; did you mean 'r1'"),
        ('INSTEAD_OF = "r1"', "INSTEAD_OF is no list of names"),
        ("INSTEAD_OF = (3,)", "INSTEAD_OF: unknown strategy '3'"),
    ],
)
def test_a_wrong_declaration_is_named(add, line, message):
    add("strategies/half.py", f"{WHOLE}\n{line}\n")
    with pytest.raises(Incomplete, match=message) as error:
        registry.strategies()
    assert "half.py" in str(error.value)


def test_a_declaration_is_no_part_of_the_hash_unless_it_is_read():
    plain = "LIMIT = 3\n\n\ndef f(x):\n    return x * LIMIT\n"
    own = 'INSTEAD_OF = ("r1",)  # why\n'
    reads = plain.replace("LIMIT\n", "len(INSTEAD_OF)\n")

    def found(text: str) -> str:
        return text_hash(text, "somewhere", {})

    assert found(plain) == found(own + plain) == found(plain + own.replace("r1", "r2"))
    assert found(own + reads) != found(reads)
    assert found(own + reads) != found(own.replace("r1", "r2") + reads)
    assert found(plain) != found(plain + "OTHER = 1\n")


def test_the_hash_is_that_of_what_acts():
    """On the ring the reference base is R1 and low momentum: what replaces both acts alone."""
    alone, with_momentum = (
        spec_hash(Cell("ring8", "bare", row))
        for row in ("spectral_norm", "low_beta1+spectral_norm")
    )
    assert spec_hash(cell("ring8", "spectral_norm", "low_beta1+r1")) == alone
    assert spec_hash(cell("ring8", "spectral_norm", "r1")) == with_momentum != alone
    assert spec_hash(Cell("ring8", "reference", "spectral_norm")) != alone
    with pytest.raises(BadGrid):
        spec_hash(cell("ring8", "spectral_norm", "replay"))
