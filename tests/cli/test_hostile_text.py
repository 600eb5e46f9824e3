"""Text in files of strangers reaches a terminal, and a log, as text alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.cli.errors import say_json
from tests.support.factories import make_record
from tests.support.fakes import bench

EVIL = (
    "\x1b]0;owned\x07##[error]x\u202ey\u200b\u2028::set-output name=a::\x9b2J\r::stop-commands::z"
)
FOLDER = Path("results/2/local")
COMMANDS = [
    ("validate", FOLDER),
    ("report", "--out", "page"),
    ("compare", "local", "other"),
    ("compare", "local", "other", "--json"),
    ("compare", f"local:{EVIL}", "other"),
    ("compare", EVIL, "other"),
    ("show", f"ring8/{EVIL}"),
    ("status",),
    ("status", "--json"),
    ("run", "--tasks", EVIL),
]


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records, a name and a status with such text wherever there is free text."""
    monkeypatch.chdir(tmp_path)
    raw = json.loads(make_record().model_dump_json())
    raw["cell"] = f"bare{EVIL}"
    raw["seeds"][0]["attempts"] = [{"reason": "oom", "message": EVIL}]
    raw["score_info"] |= {"unit": EVIL, "step_unit": EVIL}
    made_by = raw["provenance"]
    made_by |= dict.fromkeys(("suite", "commit", "device", "cpu", "dtype", "compiler"), EVIL)
    made_by |= {"versions": {EVIL: EVIL}, "data": {EVIL: EVIL}, "environment": EVIL}
    texts = {"bare": raw, "torn": {EVIL: EVIL}, f"bare+{EVIL}"[:80]: raw | {"strategy": EVIL}}
    for name in ("local", "other"):
        for cell, content in texts.items():
            path = FOLDER.with_name(name) / "ring8" / f"{cell}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
        made_by["cpu"] = f"another {EVIL}"
    status = Path("results/logs/2/local/run.status")
    status.parent.mkdir(parents=True)
    running = {"cell": EVIL, "seeds": 1, "share": 0.5, "since": 0.0, "log": EVIL}
    counts = {"jobs": 2, "unit": EVIL, "done": 1, "seeds": 2, "seeds_done": 1}
    counts |= {"host": EVIL, "process": 1, "began": 0.0, "written": 1.0, "left": None}
    counts |= {"failed": {}, "failures": [EVIL], "retried": {}, "running": [running]}
    status.write_text(json.dumps(counts))


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda each: each[0])
def test_no_command_prints_what_a_terminal_or_a_log_obeys(
    hostile: None, capsys: pytest.CaptureFixture[str], arguments: tuple[object, ...]
) -> None:
    bench(*arguments)
    out, err = capsys.readouterr()
    lines = (out + err).split("\n")
    assert "owned" in out + err or arguments[0] == "report", "there is nothing to see"
    for line in lines:
        assert line.isprintable(), line
        assert "##[" not in line
        assert not line.lstrip().startswith("::")


def test_json_means_the_same_in_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"a": [EVIL], EVIL: 1})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": [EVIL], EVIL: 1}
    assert out.isascii()
    assert "##[" not in out
