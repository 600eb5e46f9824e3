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
from bench.experiment import registry
from bench.experiment.kits import KITS, REFERENCE
from bench.experiment.registry import StrategyEntry
from bench.learner.strategy import CHAINS, SINGLES
from bench.learner.task import Task

COMMAND = "python -m bench.contribute.catalogue"
NAMES = {"gan": "GAN", "rl": "RL", "game": "game"}
"""Domains, in the order in which tasks are listed."""
ALL_OF = {"gan": "all GANs", "rl": "all RL tasks", "game": "all games"}
VALUES = (*CHAINS, "penalty", *SINGLES)
"""The named values that a strategy can contribute to, besides its own memory."""

TABLE_1 = """
freezing learning; freeze_learning; band around the critic's running loss; the same
label smoothing; label_smoothing; targets towards 1/2; targets towards their mean
historical averaging; historical_averaging; both players towards their running mean; the same
minibatch discrimination; minibatch_discrimination, minibatch_stddev; each half by itself; \
the batch of transitions
batch normalisation; batch_norm_joint, batch_norm_split; both halves together, or apart; \
(s, a) and (s', a') together, or apart
target networks; target_network; inert: the discount is 0; copies of both networks
; lagged_critic; the actor sees a copy of the critic; the same
replay buffers; replay, prioritised; half of the samples are past ones; all transitions
entropy regularisation; entropy; of the samples, by nearest neighbours; \
of the answers to each state, the same way
compatibility; compatible_critic; n/a: the critic does not see the noise behind a sample; \
dQ/da = J(s) w
"""
"""Pfau and Vinyals' Table 1: their name, names here, what it is in a GAN, what it is in RL."""

STRATEGIES_PAGE = """\
# Strategies

<!-- Made by `{command}` from the declarations in these files; do not edit. -->

Each file defines one strategy, once for both domains. Its docstring has the formula, and says where
the paper, its code and this suite differ. Results are in [LEADERBOARD.md](../LEADERBOARD.md), and
[CONTRIBUTING.md](../CONTRIBUTING.md#a-strategy) says how to add a strategy.

*Born in* says where the idea was published first. *Defaults* are the published settings, then those
of a domain or a family of tasks where they differ. *Inert on* lists tasks on which the strategy
provably changes nothing, with the reason. On all other tasks a test shows that it changes something
(`placebo` excepted).

{strategies}

Families of tasks: {families}.

## By the value that they change

The values and the laws for combining them are explained in
[bench/README.md](../bench/README.md#named-values-and-laws). A strategy can change several.

{values}

## The nine stabilisers of Pfau and Vinyals

Table 1 of Pfau and Vinyals (2016, [arXiv 1610.01945](https://arxiv.org/abs/1610.01945)) lists nine
stabilisers of GANs and actor-critic methods. This is how they are defined here:

{table_1}

## Kits

A kit is a published learner as a set of strategies. Its name can stand wherever a strategy's can.
Networks, rates and a GAN's loss remain those of the task.

{kits}

The base `reference` adds {reference} to the bare learner.
"""

TASKS_PAGE = """\
# Tasks

<!-- Made by `{command}` from the declarations in these files; do not edit. -->

Each file defines one task; [family/](family) holds what related tasks share. How to add one:
[CONTRIBUTING.md](../CONTRIBUTING.md#a-task).

The score is the mean of its metric over the last three of ten evaluations, never the best one over
time; the best is stored beside it. *Low* and *high* are the anchors: on the normalised scale, 0 is
an untrained, random or idle player and 1 is known to be attainable. Tasks of the tier `full` need a
download, an accelerator, or hours.

{tasks}

A run whose loss, gradient or score is not finite has *diverged*. A run that had come half the way
between the anchors and ended within a tenth of the low one, or below, has *collapsed*. Both are
outcomes and rank worst.

Games illustrate and never count in a verdict. Of `bilinear` and `dirac` the rates are known for
every order of play. On `twist` simultaneous and alternating updates diverge and extragradient
converges. `lqr_game` knows the exact Q of every policy. `ring8_mdp` must give the parameters of
`ring8`.

GANs also report IS, KID, precision and recall where they mean something, or the modes that are
covered. RL tasks report episode lengths, and the error and bias of the critic's prediction against
the realised return. All report losses and gradient norms. FID and IS are computed by
torch-fidelity; KID, precision and recall equal its own to rounding, in a fifth of its time.

Each task declares whether envpool or Gymnasium steps its environment, because they integrate some
differently: where envpool is not installed, the tasks that need it are skipped. The replay buffers
of MuJoCo's walkers hold a million transitions per seed, as published: 0.2 GB per seed for
`halfcheetah`, 0.9 GB for `ant`.
"""


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
            _linked(entry.source),
        )
        for name, entry in strategies().items()
    ]
    head = ("strategy", "what it does", "born in", "defaults", "inert on", "source")
    return STRATEGIES_PAGE.format(
        command=COMMAND,
        strategies=_table(head, rows),
        families=families(),
        values=_table(("value", "strategies"), _by_value()),
        table_1=_table(("there", "here", "in a GAN", "in RL"), table_1()),
        kits=_table(("kit", "strategies"), [(f"`{k}`", _code(v)) for k, v in KITS.items()]),
        reference=f"{_code(REFERENCE['rl'])} in RL and {_code(REFERENCE['gan'])} in GANs",
    )


def tasks_readme() -> str:
    """The text of tasks/README.md."""
    rows = []
    order = list(NAMES)
    every = sorted(tasks().values(), key=lambda t: (order.index(t.domain), t.tier, t.name))
    for task in every:
        score, anchors = task.metrics[0], task.anchors
        first = (sys.modules[type(task).__module__].__doc__ or "").splitlines()[0]
        rows.append(
            (
                f"[{task.name}]({task.name}.py)",
                NAMES[task.domain],
                task.tier,
                _linked(first.removesuffix(".")),
                f"{score.name}, {score.better} is better",
                f"{task.updates * task.steps_per_update:,} {task.step_unit}s",
                f"{anchors.low:,g}",
                f"{anchors.high:,g}" + " (log scale)" * anchors.log,
                _linked(anchors.source),
            )
        )
    head = ("task", "domain", "tier", "what", "score", "budget", "low", "high", "anchors from")
    return TASKS_PAGE.format(command=COMMAND, tasks=_table(head, rows))


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
        reason = entry.build(task).inert(task)
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
