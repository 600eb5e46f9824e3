"""The workflows in .github, as they are read by GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = {path.name: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yml"))}


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every job, and where it is."""
    for file, workflow in WORKFLOWS.items():
        for name, job in workflow["jobs"].items():
            yield f"{file}: {name}", job


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step, and where it is."""
    for where, job in jobs():
        for step in job["steps"]:
            yield f"{where}: {step.get('name', step.get('uses'))}", step


def events(file: str) -> Any:
    """What starts a workflow; YAML 1.1 reads the key `on` as True."""
    return WORKFLOWS[file][True]


def script(file: str, job: str, name: str) -> str:
    """The script of a step."""
    (found,) = [s for s in WORKFLOWS[file]["jobs"][job]["steps"] if s.get("name") == name]
    return found["run"]
