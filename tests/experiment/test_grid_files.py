"""Grid files: what is read, and one line with file, line and what to write for what is not."""

import pytest

from bench.experiment.cell import BadGrid
from bench.experiment.grid import load_grid
from bench.experiment.registry import UnknownName
from tests.support.fakes import bench
from tests.support.small import one_error


def test_a_grid_by_its_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("about: mine\ntasks: [dirac]\nstrategies: []\nbases: [bare]\nseeds: 3\n")
    mine = load_grid(str(path))
    assert [cell.name for cell in mine.cells()] == ["bare", "bare+harmful", "bare+placebo"]
    assert mine.seeds == 3


START = "about: a test\ntasks: [dirac]\nstrategies: [r1]\nbases: [bare]\n"
SEEDS = "not a whole number from 1 to 1000; write, for example, seeds: 10"
UPDATES = "not a whole number from 1, or null; write, for example, updates: 2000"
TEXTS = "010 yes on ten 0x10 0o17 1_000 1,000 1:30 2026-13-45 2026-07-13 .inf +3 True".split()
VALUES = {"0": "0", "-5": "-5", "1001": "1001", "3.0": "3.0", "1e2": "100.0", "true": "true"}
VALUES |= {"": "empty", "null": "empty", "[10]": "a list", "{n: 10}": "a mapping", "'10'": "'10'"}
VALUES |= {"9" * 5000: f"'{'9' * 35}...'"} | {text: f"'{text}'" for text in TEXTS}
BROKEN = [
    *((f"\nseeds: {text}", 6, f"seeds is {shown}, {SEEDS}") for text, shown in VALUES.items()),
    ("updates: on", 5, f"updates is 'on', {UPDATES}"),
    ("seeds: 3\nupdates: 0", 6, f"updates is 0, {UPDATES}"),
    ("seeds: 3\nupdats: 9", 6, "unknown key 'updats'; did you mean 'updates'?"),
    ("qqqq: 1", 5, "unknown key 'qqqq'; write about, tasks, strategies, bases, seeds, updates, "),
    ("seeds: 3\nseeds: 4", 6, "'seeds' already stands on line 5; write each key once"),
    ('seeds: !!int "ten"', 5, "'!' begins a tag, which is not read; write the value itself"),
    ("play: 3", 5, "play is 3, not a list of orders of play; write, for example, play: [given, s"),
    ("play: []", 5, "play is empty; name at least one order of play"),
    ("play: reverse", 5, "'reverse' is no order of play of dirac; write given, simultaneous, rev"),
    ("seeds: 3\nplay:\n- given\n- actor", 8, "or all its players: critic.actor"),
    ("seeds: 3\nupdates: *all", 6, "'*' begins an alias, which is not read; write the value"),
    ("seeds: " + "[" * 5000, 5, "more than 20 levels deep; write it flatter"),
]
WHOLE = [
    ("", 1, "the file holds no keys; write lines of key: value"),
    ("{}", 1, "about is missing; write, for example, about: "),
    ("\nabout: a\nstrategies: all", 2, "tasks is missing; write, for example, tasks: [ring8, "),
    ("about: a\ntaks: all\nstrategies: all", 2, "unknown key 'taks'; did you mean 'tasks'?"),
    ("tasks: all\nseeds: 0\nstrategies: all\nabout: 1", 2, f"seeds is 0, {SEEDS}"),
    ("about: 10\ntasks: all\nstrategies: all", 1, "about is 10, not a text in quotes; write, "),
    ("about: a\ntasks:\nstrategies: all", 2, "tasks is empty, not a list of names, "),
    ("about: a\ntasks: all\nstrategies: 1", 3, "strategies is 1, not a list of names, "),
    ("about: a\ntasks: {x: 1}\nstrategies: []", 2, "tasks is a mapping, not a list of names, "),
    ("about: a\nstrategies: []\ntasks:\n- x\n- 10", 5, "item 2 of tasks is 10, but tasks is a l"),
    ("about: a\ntasks: [\n[x]]\nstrategies: all", 3, "item 1 of tasks is a list, but tasks is a"),
    ("about: a\ntasks: 'x,'\nstrategies: all", 2, "item 2 of tasks is '', but tasks is a list"),
    ("about: a\ntasks: [\n", 2, "close the bracket"),
    ("about: a\ntasks:\n\t- dirac\n", 3, "indent with spaces, not with tabs"),
    ("about: a\n# \udce9\n", 2, "the byte 0xe9 is not UTF-8; save it as UTF-8"),
    ("about: a\n\0", 2, "the character U+0000 is not text; remove it"),
]


@pytest.mark.parametrize(
    ("text", "line", "message"), [*((START + text, *rest) for text, *rest in BROKEN), *WHOLE]
)
def test_a_broken_grid_file_is_one_line_with_file_line_and_what_to_write(
    tmp_path, monkeypatch, capsys, text, line, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.yaml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BadGrid) as error:
        load_grid("my.yaml")
    assert str(error.value).startswith(f"my.yaml, line {line}: ")
    assert message in str(error.value)
    assert str(error.value).isprintable()
    assert bench("run", "--grid", "my.yaml", "--dry-run") == 2
    assert one_error(capsys) == str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["my.yaml"]


@pytest.mark.parametrize(
    ("text", "seeds", "updates"),
    [("", 10, None), ("seeds: 1000 # all\nupdates: 1", 1000, 1), ("updates:", 10, None)],
)
def test_numbers_in_a_grid_file(tmp_path, text, seeds, updates):
    path = tmp_path / "my.yml"
    path.write_text(START + text)
    found = load_grid(str(path))
    assert (found.seeds, found.updates) == (seeds, updates)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("r1", ("r1",)),
        ("r1, replay", ("r1", "replay")),
        ("\n- r1\n- r1+replay", ("r1", "r1+replay")),
        ("[]", ()),
    ],
)
def test_names_in_a_grid_file(tmp_path, text, names):
    path = tmp_path / "my.yaml"
    path.write_text(f"about: yes\ntasks: [dirac]\nstrategies: {text}\n")
    found = load_grid(str(path))
    assert (found.about, found.strategies, found.bases) == ("yes", names, ("bare", "reference"))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("tasks: [dirac]\nstrategies: [r1, on]", 3, "unknown strategy 'on'; known: "),
        (
            "tasks: [dirac]\nstrategies:\n- r1\n- replya",
            5,
            "unknown strategy 'replya'; did you mean",
        ),
        ("tasks: [dirac]\nstrategies: [r1+]", 3, "'r1+' is no strategy; separate names by commas"),
        ("tasks: [dirac]\nstrategies: [+r1]", 3, "'+r1' is no strategy"),
        ("tasks: [dirac]\nstrategies: [r1++r2]", 3, "'r1++r2' is no strategy"),
        ("tasks: [dirac]\nstrategies: ['r1 + r2']", 3, "'r1 + r2' is no strategy"),
        ("tasks: [dirac]\nstrategies: [' r1 ']", 3, "' r1 ' is no strategy"),
        ("tasks: [dirac]\nstrategies: [r1, 010]", 3, "unknown strategy '010'"),
        ("tasks: [dirac]\nstrategies: [core]", 3, "unknown strategy 'core'"),
        (
            "tasks: [dirac]\nstrategies:\n- r1\n- r1@reward",
            5,
            "dirac has no player 'reward'; its players are critic, actor",
        ),
        ("tasks: [dirac]\nstrategies: [r1@actor]", 3, "r1 cannot act on actor; choose critic; th"),
        ("tasks: [dirac]\nstrategies: [r1@]", 3, "'r1@' is no strategy; write NAME@PLAYER"),
        ("tasks: [dirac]\nstrategies: [r1@900]", 3, "'r1@900' is no strategy; write NAME@PLAYER"),
        ("tasks: [dirac]\nstrategies: [r11@critic]", 3, "unknown strategy 'r11'; did you mean"),
        ("tasks: [dirac]\nstrategies: [all@critic]", 3, "unknown strategy 'all'; known: "),
        ("tasks: [dirac]\nstrategies: [td3@each]", 3, "'td3' is a kit, which has no player; re"),
        (
            "tasks: [dirac]\nstrategies: [unrolled@each]",
            3,
            "unrolled@each concerns all players at once; leave @each out",
        ),
        (
            "tasks: [dirac]\nstrategies: [unrolled@actor]",
            3,
            "unrolled cannot be restricted to actor: leave @actor out; the players of dirac are c",
        ),
        ("tasks: dirac ring8\nstrategies: all", 2, "'dirac ring8' is no task; separate names by"),
        (
            "tasks: [dirac, diracc]\nstrategies: all",
            2,
            "unknown task 'diracc'; did you mean",
        ),
        (
            "strategies: all\ntasks:\n- dirac\n -ring8",
            4,
            "'dirac -ring8' goes on over lines",
        ),
        ("tasks: [all]\nstrategies: all\nbases: [bare, all]", 4, "unknown base 'all'"),
        (
            "tasks: [all]\nstrategies: all\nbases: refrence",
            4,
            "unknown base 'refrence'; did",
        ),
        ("tasks: all, qqqq\nstrategies: all", 2, "unknown task 'qqqq'"),
    ],
)
def test_names_that_do_not_exist_are_named_with_file_and_line(tmp_path, text, line, message):
    path = tmp_path / "my.yaml"
    path.write_text(f"about: a\n{text}\n")
    with pytest.raises(BadGrid) as error:
        load_grid(str(path))
    assert str(error.value).startswith(f"{path}, line {line}: {message}")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder.yaml", "folder.yaml is a folder; name a YAML file in it"),
        ("folder/", "folder is a folder; name a YAML file in it"),
        (
            "folder/demo",
            "there is no file folder/demo; give a grid file, or a name: bases, core, demo",
        ),
        (
            "demo.yaml",
            "there is no file demo.yaml; give a grid file, or a name: bases, core, demo, "
            "extensions, full, home, imitation, order_of_play, pairs",
        ),
        ("mine.yaml/x", "mine.yaml/x cannot be read: Not a directory; name another file"),
        ("loop.yaml", "loop.yaml cannot be read: Too many levels of symbolic links; name another"),
        ("dmeo", "unknown grid 'dmeo'; did you mean 'demo'?"),
        (
            "x" * 300,
            (
                "x" * 300,
                f"unknown grid '{'x' * 300}'; "
                "known: bases, core, demo, extensions, full, home, imitation, order_of_play, pairs",
            ),
        ),
    ],
)
def test_names_and_paths_without_a_grid(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    for folder in ("folder", "folder.yaml"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mine.yaml").write_text(START)
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    with pytest.raises((BadGrid, UnknownName)) as error:
        load_grid(name)
    assert str(error.value).startswith(message)
