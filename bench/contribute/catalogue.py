"""The READMEs of `strategies/` and `tasks/`, made from the declarations in their files.

python -m bench.contribute.catalogue
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench import strategies as strategy_package
from bench import tasks as task_package
from bench.contribute import headroom, home_table
from bench.contribute.catalogue_text import STRATEGIES_PAGE, TABLE_1, TASKS_PAGE
from bench.experiment import registry
from bench.experiment.kits import KIT_SETTINGS, KITS, REFERENCE
from bench.experiment.registry import StrategyEntry
from bench.learner.strategy import CHAINS, SINGLES
from bench.learner.task import Task
from bench.report import home

COMMAND = "python -m bench.contribute.catalogue"
EXTENSION = "extension"
NAMES = {"gan": "GAN", "rl": "RL", "game": "game", EXTENSION: "extension"}
"""Domains, in the order in which tasks are listed."""
ALL_OF = {
    "gan": "all GANs",
    "rl": "all RL tasks",
    "game": "all games",
    EXTENSION: "all extensions",
}
VALUES = (*CHAINS, "penalty", *SINGLES)
"""The named values that a strategy can contribute to, besides its own memory."""


def strategies() -> dict[str, StrategyEntry]:
    """The strategies of this repository, without those of other installed packages."""
    return {n: e for n, e in registry.strategies().items() if _ours(e.module.__name__)}


def tasks() -> dict[str, Task]:
    """The tasks of this repository, without those of other installed packages."""
    return {name: task for name, task in registry.tasks().items() if _ours(type(task).__module__)}


def strategies_readme() -> str:
    """The text of strategies/README.md."""
    rows = [
        (
            f"[{name}]({name}.py)",
            entry.summary.removesuffix("."),
            NAMES.get(entry.home, entry.home),
            defaults(entry),
            inert_on(entry),
            _code(entry.instead_of),
            _linked(entry.source),
        )
        for name, entry in strategies().items()
    ]
    records = home_table.records()
    shown = home.evidence(records)
    head = ("strategy", "what it does", "born in", "defaults", "inert on", "in place of", "source")
    return STRATEGIES_PAGE.format(
        command=COMMAND,
        strategies=_table(head, rows),
        families=families(),
        home_summary=home_table.summary(shown),
        home=_table(home_table.HEAD, home_table.rows(shown)),
        home_tried=_table(home_table.TRIED_HEAD, home_table.tried(home.also_tried(records))),
        values=_table(("value", "strategies"), _by_value()),
        table_1=_table(("there", "here", "in a GAN", "in RL"), table_1()),
        kits=_table(("kit", "strategies"), [(f"`{kit}`", kit_parts(kit)) for kit in KITS]),
        reference=reference_base(),
    )


def kit_parts(kit: str) -> str:
    """A kit's strategies, with the settings in which it departs from their defaults."""
    own = {name: f" ({_settings(given)})" for name, given in KIT_SETTINGS.get(kit, {}).items()}
    return ", ".join(f"`{name}`{own.get(name, '')}" for name in KITS[kit])


def reference_base() -> str:
    """What the reference base adds, by domain, then by task."""
    parts = [f"{_code(REFERENCE['rl'])} in RL", f"{_code(REFERENCE['gan'])} in GANs"]
    own = [name for name in REFERENCE if name in tasks()]
    for kit in dict.fromkeys(REFERENCE[name] for name in own):
        parts.append(f"{_code(kit)} in {_code(n for n in own if REFERENCE[n] == kit)}")
    return ", ".join(parts[:-1]) + f" and {parts[-1]}"


def tasks_readme() -> str:
    """The text of tasks/README.md."""
    order = list(NAMES)
    every = sorted(tasks().values(), key=lambda t: (order.index(t.domain), t.tier, t.name))
    head = ("tier", "what", "score", "budget", "low", "high", "anchors from")
    return TASKS_PAGE.format(
        command=COMMAND,
        tasks=_table(
            ("task", "domain", *head),
            (
                (_task_link(task), NAMES[task.domain], *_about(task))
                for task in every
                if task.domain != EXTENSION
            ),
        ),
        seeds=f"{headroom.SEEDS[0]:,} to {headroom.SEEDS[-1]:,}",
        headroom=headroom_table(),
        extensions=_table(
            ("task", "players", *head),
            (
                (_task_link(task), players(task), *_about(task))
                for task in every
                if task.domain == EXTENSION
            ),
        ),
    )


def headroom_table() -> str:
    """Every counted task: its failure mode, and what was found on the selection seeds."""
    rows = []
    for name, task in tasks().items():
        if task.failure is None:
            continue
        found, failure = headroom.headroom(name), task.failure
        plateau = f"{found.moved:.2f}, seeds {found.spread:.2f}"
        rows.append(
            (
                _task_link(task),
                NAMES[task.domain],
                f"{failure.kind}: `{failure.metric}` {failure.beyond} {failure.bound:,g}",
                f"{found.final:.2f}",
                f"{found.area:.2f}",
                *(f"{p:.2f} `{who}` ({what})" for who, p, what in (found.wins, found.loses)),
                "speed" if task.measures_speed else plateau,
            )
        )
    rows.sort(key=lambda row: row[1])
    head = ("task", "domain", "failure mode of the bare learner", "final", "area")
    return _table((*head, "most wins against the base", "fewest", "moves"), rows)


def players(task: Task) -> str:
    """Who plays, in the order of play: "reward: critic, critic: critic, actor: actor"."""
    return ", ".join(f"{name}: {role}" for name, role in task.players.items())


def _task_link(task: Task) -> str:
    return f"[{task.name}]({task.name}.py)"


def _about(task: Task) -> tuple[str, ...]:
    """Tier, description, score, budget and anchors."""
    score, anchors = task.metrics[0], task.anchors
    first = (sys.modules[type(task).__module__].__doc__ or "").splitlines()[0]
    return (
        task.tier,
        _linked(first.removesuffix(".")),
        f"{score.name}, {score.better} is better",
        f"{task.steps(task.updates):,} {task.step_unit}s",
        f"{anchors.low:,g}",
        f"{anchors.high:,g}" + " (log scale)" * anchors.log,
        _linked(anchors.source),
    )


def defaults(entry: StrategyEntry) -> str:
    """The published settings, then those that differ in a domain, a family of tasks, or a task."""
    parameters = inspect.signature(entry.factory).parameters.values()
    parts = [_settings({p.name: p.default for p in parameters})]
    for scope, settings in getattr(entry.module, "DEFAULTS", {}).items():
        parts.append(f"{NAMES.get(scope, f'`{scope}`')}: {_settings(settings)}")
    return "; ".join(parts)


def inert_on(entry: StrategyEntry) -> str:
    """The tasks on which a strategy provably changes nothing, and why."""
    found: dict[str, list[Task]] = {}
    for task in tasks().values():
        reason = entry.build(task).why_inert(task)
        if reason is not None:
            found.setdefault(reason, []).append(task)
    return "; ".join(f"{_summed_up(inert)} ({reason})" for reason, inert in found.items())


def table_1() -> list[tuple[str, ...]]:
    """The rows of `TABLE_1`."""
    rows = [line.split("; ") for line in TABLE_1.strip().splitlines()]
    return [(there, _code(here.split(", ")), gan, rl) for there, here, gan, rl in rows]


def families() -> str:
    """Each family of tasks that DEFAULTS can name, with its members."""
    members: dict[str, list[str]] = {}
    for name, task in tasks().items():
        for kind in task.kinds:
            members.setdefault(kind, []).append(name)
    return "; ".join(f"`{kind}`: {', '.join(members[kind])}" for kind in sorted(members))


def pages() -> dict[Path, str]:
    """The generated files and what they are to hold."""
    return {
        _folder(strategy_package) / "README.md": strategies_readme(),
        _folder(task_package) / "README.md": tasks_readme(),
    }


def main() -> None:
    """Write both files."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")


def _ours(module: str) -> bool:
    return module.startswith((f"{strategy_package.__name__}.", f"{task_package.__name__}."))


def _folder(package: Any) -> Path:
    return Path(package.__file__).parent


def _summed_up(inert: list[Task]) -> str:
    """Names of tasks, with "all GANs" in place of all of a domain."""
    words, names = [], {task.name for task in inert}
    for domain, phrase in ALL_OF.items():
        whole = {name for name, task in tasks().items() if task.domain == domain}
        if whole <= names:
            words.append(phrase)
            names -= whole
    return ", ".join([*words, *sorted(names)])


def _by_value() -> Iterable[tuple[str, str]]:
    users: dict[str, list[str]] = {value: [] for value in VALUES}
    for name, entry in strategies().items():
        built = [entry.build(task) for task in tasks().values()]
        for value in VALUES:
            if any(getattr(strategy, value) is not None for strategy in built):
                users[value].append(name)
    return [(f"`{value}`", _code(names)) for value, names in users.items()]


def _settings(settings: Mapping[str, Any]) -> str:
    shown = {
        name: f"{value:,}" if type(value) is int and value >= 10_000 else str(value)
        for name, value in settings.items()
    }
    return ", ".join(f"{name} = {value}" for name, value in shown.items())


def _linked(text: str) -> str:
    """The text with links where it names papers on arXiv."""
    return re.sub(r"\barXiv (\d{4}\.\d{4,5})", r"[arXiv \1](https://arxiv.org/abs/\1)", text)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(c.replace("|", r"\|") for c in line) + " |" for line in lines
    )


if __name__ == "__main__":
    main()
