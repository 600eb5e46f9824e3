"""What becomes of the settings of a search: proposed, tried, stopped, written down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from bench.engine.fault_injection import Faults
from bench.engine.trial import Made
from bench.engine.tune_plan import Try
from bench.records import search
from bench.records.record import Attempt, CorruptRecord
from bench.records.search import Chosen, Point, Search, Tried, median

PROPOSALS = 20
"""How often a model is asked for settings that have not been tried."""

Places = dict[str, int]
"""strategy.setting -> the place of its value in the space"""


@dataclass(frozen=True)
class Stopped:
    """What is known of a trial that was stopped because others are ahead."""

    curve: list[Point]
    seconds: float


class Keeper:
    """Adds what trials give to their searches; the only writer of search files."""

    def __init__(self) -> None:
        self._now: dict[Path, Search] = {}  # as written, whatever has happened to the files since

    def __call__(self, job: Try, made: Made | Stopped, attempts: list[Attempt]) -> str:
        """Add what the job's settings gave; a line on it. Raises `OSError`."""
        now = self._now.get(job.path, job.search)
        tried = _tried(job, made, attempts)
        others = [other for other in now.tries if other.number != tried.number]
        tries = sorted([*others, tried], key=lambda one: one.number)
        now = now.model_copy(update={"tries": tries})
        if isinstance(made, Made):
            origin = made.record.provenance.model_copy(update={"spec": now.spec})
            now = now.model_copy(update={"provenance": origin})
        faults = Faults(job.label)
        faults.writing()
        search.write(job.path, now)
        faults.written(job.path)
        self._now[job.path] = now
        return _line(job, tried)


class Proposals:
    """Decides on settings that are still open, by a model that learns from what was tried.

    `model` makes an endless row of proposals from a search; it is asked anew each time, so that
    nothing depends on when a run was started.
    """

    def __init__(self, model: Callable[[Search, int], Iterator[Places]]) -> None:
        self._model = model
        self._handed: dict[str, list[Chosen]] = defaultdict(list)

    def settle(self, job: Try) -> Try:
        """The job with settings that nobody has tried."""
        known, published = _current(job), job.cell.published
        taken = self._handed[job.contest]
        taken.append(search.searched(published.settings(), known.space))
        taken += [tried.settings for tried in known.tries]
        seed = int(known.spec, 16) % 2**31 + job.number
        ways = (at(known.space, spot) for spot in islice(self._model(known, seed), PROPOSALS))
        # A model that repeats itself has no better idea than chance.
        every = chain(ways, search.draws(published, known.space))
        chosen = next(settings for settings in every if settings not in taken)
        taken.append(chosen)
        return job.settled(chosen)


def axes(space: search.Space) -> Places:
    """Every searched setting, "strategy.setting", and how many values it may take."""
    return {f"{name}.{key}": len(own[key]) for name, own in space.items() for key in own}


def at(space: search.Space, places: Places) -> Chosen:
    """The settings whose values stand at these places."""
    return {
        name: {key: values[places[f"{name}.{key}"]] for key, values in own.items()}
        for name, own in space.items()
    }


def places(space: search.Space, settings: Chosen) -> Places | None:
    """Where the settings' values stand; None for published ones that are no values of the space."""
    try:
        return {
            f"{name}.{key}": values.index(settings[name][key])
            for name, own in space.items()
            for key, values in own.items()
        }
    except ValueError:
        return None


def _current(job: Try) -> Search:
    """The job's search as it stands now."""
    try:
        return search.valid(job.path, job.search.spec) or job.search
    except CorruptRecord:
        return job.search


def _tried(job: Try, made: Made | Stopped, attempts: list[Attempt]) -> Tried:
    if isinstance(made, Stopped):
        curve, seconds = made.curve, made.seconds
    else:
        name, seeds = made.record.score_info.metric, made.record.seeds
        steps = [point.step for point in seeds[0].curve]
        curve = [
            Point.of(step, [seed.curve[place].metrics[name] for seed in seeds])
            for place, step in enumerate(steps)
            if step
        ]
        seconds = sum(made.record.seconds.values())
    return Tried(
        number=job.number,
        settings=search.searched(job.cell.settings(), job.search.space),
        status="stopped" if isinstance(made, Stopped) else "finished",
        curve=curve,
        seconds=round(seconds, 3),
        attempts=[attempt.model_copy(update={"message": ""}) for attempt in attempts],
    )


def _line(job: Try, tried: Tried) -> str:
    what = f"{job.label} ({text(tried.settings)})"
    info = job.search.score_info
    if tried.status == "stopped":
        return f"{what}: stopped at step {tried.curve[-1].step}, others are ahead"
    score = median(info, tried.scores(info))
    said = "failed" if score is None else f"{info.metric} {score:.4g}"
    return f"{what}: {said} (median of {len(job.seeds)}), {tried.seconds:.0f} s"


def text(settings: Chosen) -> str:
    """Settings in a few words: "gamma 10", or with the strategies' names if there are several."""
    many = len(settings) > 1
    return ", ".join(
        f"{name}.{key}" * many + key * (not many) + f" {_value(value)}"
        for name, own in sorted(settings.items())
        for key, value in sorted(own.items())
    )


def _value(value: search.Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
