"""Ray gives the records that the serial engine gives, and outlives crashes and hangs."""

import io
import re
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from rich.console import Console

from bench.engine import fault_injection, serial_engine
from bench.engine.cluster import Unusable
from bench.engine.plan import Resources, RunOptions, plan_jobs
from bench.engine.progress import Board
from bench.experiment.cell import Cell
from bench.records.paths import submission_folder
from bench.records.record import Record
from bench.records.store import read
from tests.support.jobs import CELLS, board_for

pytestmark = pytest.mark.ray


def stripped(record: Record) -> Record:
    """Without times, places and accidents."""
    provenance = record.provenance.model_copy(update={"cpu": "", "commit": None, "dirty": None})
    seeds = [seed.model_copy(update={"attempts": []}) for seed in record.seeds]
    return record.model_copy(update={"seconds": {}, "provenance": provenance, "seeds": seeds})


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cluster for all tests here, which takes seconds to start; where its faults are planned."""
    from bench.engine import ray_engine

    folder = tmp_path_factory.mktemp("faults")
    (folder / "plan.yaml").write_text("[]")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(fault_injection.VARIABLE, str(folder))  # before its workers are started
        with ray_engine._cluster(None):
            patch.setattr(ray_engine, "_cluster", lambda address: nullcontext())
            yield folder


def test_ray_gives_the_records_that_serial_gives_and_survives_faults(
    faults: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its workers are processes: real training in both. One cell crashes for good, two for once."""
    from bench.engine import ray_engine

    more = [*CELLS, Cell("dirac", "bare", "placebo")]
    serial = plan_jobs(more, submission_folder(tmp_path / "serial", "test"), 2).jobs
    board, _ = board_for(serial)
    with monkeypatch.context() as patch:
        patch.delenv(fault_injection.VARIABLE)
        serial_engine.run(serial, board)
    assert (board.done, board.failures) == (4, [])

    (faults / "plan.yaml").write_text(
        """
        - {cell: dirac/bare+r1, kind: crash, at: 0.5, times: 2}
        - {cell: dirac/bare, kind: kill, at: 0.5}
        - {cell: bilinear/bare+replay, kind: oom}
        """
    )
    monkeypatch.chdir(tmp_path)  # paths must not depend on where a worker is
    ray = plan_jobs(more, submission_folder(Path("ray"), "test"), 2).jobs
    board, text = board_for(ray)
    with board:
        ray_engine.run(ray, board)
    assert board.done == 3
    (failure,) = board.failures
    place = r"\(bench/engine/fault_injection\.py:\d+\)"
    assert re.fullmatch(rf"dirac/bare\+r1: Planted: a planted crash {place}", failure)
    lines = text.getvalue().splitlines()
    assert len(lines) == 3 + 3 + 1  # done, tried again, failed
    assert "crashed, again later: dirac/bare: its process was killed" in text.getvalue()
    assert "Traceback" not in "".join(capfd.readouterr())
    made = {read(job.path).origin: read(job.path) for job in ray if job.path.exists()}
    for job in serial:
        if job.label != "dirac/bare+r1":
            assert stripped(read(job.path)) == stripped(made[job.cell])
    reasons = [a.reason for m in made.values() for a in m.seeds[0].attempts]
    assert sorted(reasons) == ["crashed", "oom"]


@pytest.mark.parametrize("resources", [Resources(cpus=1000), Resources(gpus=1.0)], ids=str)
def test_a_cell_too_large_for_any_machine_is_refused(
    faults: Path, tmp_path: Path, resources: Resources
) -> None:
    from bench.engine import ray_engine

    options = RunOptions(resources=resources)
    jobs = plan_jobs(CELLS[:1], submission_folder(tmp_path, "test"), 2, options).jobs
    with pytest.raises(Unusable, match="lower --cpus-per-cell or --gpus-per-cell"):
        ray_engine.run(jobs, board_for(jobs)[0])


class Counting(Board):
    """Knows how many cells have run at a time, at most."""

    most = 0

    def started(self, number: int) -> None:
        super().started(number)
        self.most = max(self.most, len(self._running))


def test_a_hang_is_killed_and_the_cell_tried_again(faults: Path, tmp_path: Path) -> None:
    """Ten seconds after the deadline, within which a busy machine trains the other cell."""
    from bench.engine import ray_engine

    for marker in faults.iterdir():
        marker.unlink()
    (faults / "plan.yaml").write_text("[{cell: dirac/bare, kind: hang, at: 0.5}]")
    folder = submission_folder(tmp_path, "test")
    jobs = plan_jobs(CELLS[:2], folder, 2, RunOptions(deadline=20.0)).jobs
    (hung,) = [job for job in jobs if job.label == "dirac/bare"]
    text = io.StringIO()
    board = Counting(jobs, Console(file=text, width=200))
    ray_engine.run(jobs, board, max_concurrent=1)
    assert (board.done, board.failures, board.most) == (2, [], 1)
    assert "timeout, again later: dirac/bare" in text.getvalue()
    assert [attempt.reason for attempt in read(hung.path).seeds[0].attempts] == ["timeout"]
    log = hung.log.read_text()
    assert "dirac/bare made no progress for 30 s and is ended" in log
    assert "in _hang" in log  # where it stood
