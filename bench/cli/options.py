"""Options that several commands share, and their checks."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from bench.cli.errors import fail
from bench.cli.process import decodable
from bench.records.paths import LOCAL

if TYPE_CHECKING:
    from bench.engine.plan import RunOptions
    from bench.experiment.grid import Grid

HOW = "How cells are run"


def usable_path(path: Path | None) -> Path | None:
    """Return a path given as an option. Exits with an error if nothing can be there."""
    if path is None:
        return None
    if not decodable(path):
        fail(f"the path {path} is no valid text (UTF-8); give another one")
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            fail(f"{path} is a link to {path.readlink()}, which does not exist; make it, or unlink")
    except OSError as error:  # no permission, too long, a link to itself
        fail(f"{path} cannot be used: {error.strerror}; give another path")
    return path


Names = Annotated[list[str] | None, typer.Option(help="instead of the grid's; a,b or repeated")]
Results = Annotated[Path, typer.Option(help="where records are kept", callback=usable_path)]
Submission = Annotated[str, typer.Option(help="the submission's name below results")]
DataRoot = Annotated[
    Path | None,
    typer.Option(
        help="folder of data and weights; default $CROSSOVER_DATA, or data", callback=usable_path
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        help="a Ray cluster's HOST:PORT, or auto; default $RAY_ADDRESS, or this machine alone",
        rich_help_panel=HOW,
    ),
]


@dataclass(frozen=True, kw_only=True)
class GridOptions:
    """The options that `run` and `tune` share: which cells, which records, how cells are run."""

    grid: Annotated[str, typer.Option(help="a grid's name, or a YAML file")] = "demo"
    tasks: Names = None
    strategies: Names = None
    base: Annotated[list[str] | None, typer.Option(help="bare or reference")] = None
    updates: Annotated[
        int | None,
        typer.Option(min=1, help="custom number of updates; reports leave such cells out"),
    ] = None
    play: Annotated[
        list[str] | None,
        typer.Option(help="orders of play: given, simultaneous, reversed, or as actor.critic"),
    ] = None
    contrasts: Annotated[
        list[str] | None, typer.Option(help="of added, in-place-of, removed; or none; default: all")
    ] = None
    results: Results = Path("results")
    name: Submission = LOCAL
    data_root: DataRoot = None
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only print what would run")] = False
    address: Address = None
    cpus_per_cell: Annotated[
        int, typer.Option(min=1, help="CPUs and threads of each cell", rich_help_panel=HOW)
    ] = 1
    gpus_per_cell: Annotated[
        float, typer.Option(min=0, max=1, help="0.25: four cells share a GPU", rich_help_panel=HOW)
    ] = 0.0
    max_concurrent: Annotated[
        int | None, typer.Option(min=1, help="at most so many cells at a time", rich_help_panel=HOW)
    ] = None
    deadline: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="seconds per cell; default 10 times the expected", rich_help_panel=HOW
        ),
    ] = None

    def prepare(self) -> Path:
        """Check the options and set the data folder; return the submission's folder."""
        from bench.records.paths import submission_folder

        check_name(self.name)
        set_data_root(self.data_root)
        return submission_folder(self.results, self.name)

    def chosen_grid(self, seeds: int | None) -> Grid:
        """Return the grid, narrowed by the options. Raises what `load_grid` raises."""
        from bench.experiment.grid import load_grid

        return load_grid(self.grid).narrowed(
            names(self.tasks),
            names(self.strategies),
            names(self.base),
            seeds,
            self.updates,
            play=names(self.play),
            contrasts=names(self.contrasts),
        )

    def run_options(self, seeds_per_trial: int = 10, *, again: bool = False) -> RunOptions:
        """Return the options of how cells are run; `again`: in place of those made elsewhere."""
        from bench.engine.plan import Resources, RunOptions

        resources = Resources(self.cpus_per_cell, self.gpus_per_cell)
        return RunOptions(
            resources,
            seeds_per_trial,
            self.deadline,
            elsewhere=self.cluster not in {None, "", "local"},
            again=again,
        )

    @property
    def cluster(self) -> str | None:
        """The address of the cluster; None for this machine alone."""
        return self.address or os.environ.get("RAY_ADDRESS")

    def ray(self, **more: Any) -> dict[str, Any]:
        """Return keyword arguments of `bench.engine.ray_engine.run`."""
        return {"address": self.cluster, "max_concurrent": self.max_concurrent, **more}


def with_grid_options(command: Callable[..., None]) -> Callable[..., None]:
    """Decorator: add the options of `GridOptions` to a command, which gets them as `shared`."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    hints = get_type_hints(GridOptions, include_extras=True)
    shared = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(GridOptions)
    ]

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        options = GridOptions(**{parameter.name: given.pop(parameter.name) for parameter in shared})
        command(shared=options, **given)

    rest = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in own
        if parameter.name != "shared"
    ]
    whole = inspect.Signature([*shared, *rest])
    with_options.__signature__ = whole  # type: ignore[attr-defined]
    with_options.__annotations__ = {p.name: p.annotation for p in whole.parameters.values()}
    return with_options


def names(given: list[str] | None) -> tuple[str, ...] | None:
    """Return the names in a repeated option with comma-separated values; None if not given.

    Exits with an error if one is not text.
    """
    if not given:
        return None
    for part in given:
        if not decodable(Path(part)):
            fail(f"the name {part} is no valid text (UTF-8); see `python -m bench list`")
    return tuple(name.strip() for part in given for name in part.split(",") if name.strip())


def check_name(name: str) -> None:
    """Exit with an error if a submission cannot have this name."""
    from bench.submissions.closed_list import name_problem

    problem = None if name == LOCAL else name_problem(name, ())
    if problem is not None:
        fail(f"--name {problem}")


def set_data_root(folder: Path | None) -> None:
    """Set the folder of data and weights, for this process and those that it starts.

    Exits with an error if the folder does not exist.
    """
    from bench.scoring import datasets

    if folder is not None and not folder.is_dir():
        fail(f"--data-root {folder} is not a folder; make it, or give one that exists")
    chosen = folder or datasets.root()
    usable_path(chosen)
    os.environ[datasets.VARIABLE] = str(chosen.absolute())
