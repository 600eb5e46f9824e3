"""What is killed, cut short or full loses nothing: the same command ends with the same tables.

Real processes, real training of two games, planted faults.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.experiment.protocol import PROTOCOL_VERSION
from tests.support.suite import LONG, ROOT, Suite, planted, wait_for

pytestmark = pytest.mark.ray

GRID = ("--tasks", "dirac,bilinear", "--strategies", "r1", "--base", "bare", "--seeds", "2")
CELLS = 8


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables of a run that nothing has happened to."""
    suite = Suite(tmp_path_factory.mktemp("undisturbed"))
    assert suite("run", *GRID, "--engine", "serial")[0] == 0
    assert set(suite.trained.values()) == {1}
    return suite.tables()


def children(process: subprocess.Popen[str], name: str) -> list[psutil.Process]:
    below = psutil.Process(process.pid).children(recursive=True)
    return [child for child in below if name in " ".join(child.cmdline())]


def records(suite: Suite) -> list[Path]:
    return list(suite.folder.glob(f"results/{PROTOCOL_VERSION}/local/*/*.json"))


WAITING = {"cell": "dirac/bare", "kind": "hang", "at": 0.5}
"""A cell that stands still until somebody is killed; the next time it goes on."""


def half_done(suite: Suite, *arguments: str) -> subprocess.Popen[str]:
    """A run in which some cells are done and one is under way."""
    suite.plant(WAITING)
    process = suite.start("run", *GRID, *arguments)
    wait_for(process, lambda: len(records(suite)) >= 3 and "0-hang-0" in planted(suite))
    return process


def ends_like(suite: Suite, undisturbed: dict[str, bytes], engine: str = "serial") -> None:
    """The same command does what is missing and nothing else.

    On the serial engine, but for two tests: which records are missing does not depend on the
    engine, and every start of Ray takes ten seconds.
    """
    before = {path: path.read_bytes() for path in records(suite)}
    code, _, err = suite("run", *GRID, "--engine", engine)
    assert (code, err) == (0, "")
    assert suite.tables() == undisturbed
    assert all(path.read_bytes() == text for path, text in before.items())
    assert all(suite.trained[f"{path.parent.name}/{path.stem}", "0, 1"] == 1 for path in before)


@pytest.mark.parametrize(
    "whom", ["driver", "raylet", pytest.param("gcs_server", marks=pytest.mark.slow)]
)
def test_a_killed_process_of_the_run(
    suite: Suite, undisturbed: dict[str, bytes], whom: str
) -> None:
    """SIGKILL of the command, or of one of Ray's daemons, while a cell is under way."""
    process = half_done(suite)
    victims = [psutil.Process(process.pid)] if whom == "driver" else children(process, whom)
    workers = children(process, "ray::")
    assert victims
    assert workers
    for victim in victims:
        victim.kill()
    _, err = process.communicate(timeout=LONG)
    if whom != "driver":
        assert process.returncode == 3
        assert "run the same command again to" in err.splitlines()[-1]
    assert psutil.wait_procs(workers, timeout=LONG)[1] == []  # none of them goes on in secret
    ends_like(suite, undisturbed, "ray" if whom == "driver" else "serial")


def test_the_process_that_drives_ray_is_killed(suite: Suite, undisturbed: dict[str, bytes]) -> None:
    """As by the kernel, for want of memory."""
    process = half_done(suite)
    psutil.Process(process.pid).children()[0].kill()
    _, err = process.communicate(timeout=LONG)
    assert process.returncode == 3
    assert "the process that ran the cells was killed by signal 9" in err
    ends_like(suite, undisturbed)


@pytest.mark.parametrize(
    ("engine", "number"),
    [("ray", signal.SIGINT), ("ray", signal.SIGTERM), ("serial", signal.SIGINT)],
)
def test_ctrl_c_and_a_request_to_end(
    suite: Suite, undisturbed: dict[str, bytes], engine: str, number: int
) -> None:
    """Ends within ten seconds, says what is there and how to go on, and leaves no process."""
    suite.plant(WAITING | {"cell": "dirac/bare+harmful"})
    process = suite.start("run", *GRID, "--engine", engine)
    wait_for(process, lambda: "0-hang-0" in planted(suite) and len(records(suite)) >= 1)
    below = psutil.Process(process.pid).children(recursive=True)
    begin = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=LONG)
    assert time.monotonic() - begin < 15  # ten, and five more where cores are busy
    assert process.returncode == 130
    (line,) = err.splitlines()
    missing = CELLS - len(records(suite))
    assert line == (
        f"error: interrupted with {missing} of 8 cells to go; the records of the others are in "
        f"results/2/local; run the same command again to go on"
    )
    assert psutil.wait_procs(below, timeout=10)[1] == []
    code, out, _ = suite("status")
    assert (code, out.splitlines()[0].split()[0]) == (0, "stopped")
    assert f"{CELLS - missing} of 8 cells done" in out
    ends_like(suite, undisturbed, engine if number == signal.SIGINT else "serial")


def test_a_torn_record_a_full_disk_and_a_larger_grid(
    suite: Suite, undisturbed: dict[str, bytes]
) -> None:
    """The torn one is set aside, named and made again; the disk has room again after a while."""
    suite.plant({"cell": "dirac/bare", "kind": "torn"}, {"cell": "bilinear/bare", "kind": "full"})
    code, _, err = suite("run", *GRID, "--engine", "serial")
    assert code == 3
    assert err == "error: records lack seeds of dirac/bare; run the same command again\n"
    assert set(suite.trained.values()) == {1}
    code, _, err = suite("run", *GRID, "--strategies", "r1,replay", "--engine", "serial")
    assert code == 0
    (line,) = err.splitlines()
    assert "dirac/bare.json: not a record" in line
    assert "kept as bare.json.corrupt" in line
    again = {cell for (cell, _), times in suite.trained.items() if times > 1}
    assert again == {"dirac/bare"}
    for path in records(suite):
        if "replay" in path.name:
            path.unlink()
    assert suite.tables() == undisturbed


def test_two_runs_do_not_write_the_same_records(suite: Suite) -> None:
    process = half_done(suite, "--engine", "serial")
    code, _, err = suite("run", *GRID, "--engine", "serial")
    assert code == 2
    assert err.startswith("error: another run is at work in results/2/local; ")
    code, out, _ = suite("status")
    assert code == 0
    assert out.startswith("running for ")
    assert "dirac/bare " in out
    process.kill()
    process.communicate()
    assert suite("status")[1].startswith("stopped ")


class Cluster:
    """Ray nodes on this machine, with token authentication."""

    def __init__(self, folder: Path) -> None:
        self._nodes: list[subprocess.Popen[bytes]] = []
        self.port = free_port()
        self.environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(folder / "token"),
        }
        (folder / "token").write_text(secrets.token_hex(32))
        self.address = f"127.0.0.1:{self.port}"

    def node(self, *arguments: str) -> None:
        ray = Path(sys.executable).with_name("ray")
        command = [ray, "start", "--block", "--num-cpus=1", "--disable-usage-stats", *arguments]
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(ROOT)}
        node = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._nodes.append(node)

    def start(self) -> None:
        self.node("--head", f"--port={self.port}", "--include-dashboard=false")
        begin = time.monotonic()
        while not listening(self.port):
            assert time.monotonic() - begin < LONG
            time.sleep(0.2)
        self.node(f"--address={self.address}")

    def kill_the_second(self, workers: list[int]) -> None:
        """SIGKILL for all its processes, as if its machine were switched off."""
        node = self._nodes[1]
        below = {process.pid for process in psutil.Process(node.pid).children(recursive=True)}
        assert below & set(workers)
        self._kill(node)

    def _kill(self, node: subprocess.Popen[bytes]) -> None:
        below = psutil.Process(node.pid).children(recursive=True)
        for process in below:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        node.kill()
        node.wait()

    def stop(self) -> None:
        for node in self._nodes:
            if node.poll() is None:
                self._kill(node)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def listening(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.stop()


def test_a_cluster_that_loses_a_node(
    suite: Suite, cluster: Cluster, undisturbed: dict[str, bytes]
) -> None:
    """Two nodes with token authentication; the second is killed while its cell is under way."""
    cluster.start()
    code, _, err = suite("run", *GRID, "--address", cluster.address)
    assert code == 2
    assert "does not know this machine's token: set RAY_AUTH_MODE=token" in err
    assert len(err.splitlines()) == 1
    suite.environment = {**cluster.environment, "RAY_ADDRESS": cluster.address}
    # A cell stands still on each node: the first that is begun is ended by its deadline.
    suite.plant(WAITING | {"cell": "any", "times": 2})
    process = suite.start("run", *GRID, "--deadline", "20")
    wait_for(process, lambda: planted(suite) >= {"0-hang-0", "0-hang-1"})
    cluster.kill_the_second(suite.workers)
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 0, (out, err)
    assert out.count("interrupted, again later") == 1
    assert out.count("timeout, again later") == 1
    assert suite.tables() == undisturbed
