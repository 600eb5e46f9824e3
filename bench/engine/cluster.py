"""Checks of a Ray cluster that do not import Ray into this process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.engine.plan import Resources
from bench.records.attempt import Reason

REACH = 20.0
"""Seconds to wait for a cluster's answer."""


class Unusable(ValueError):
    """The cluster cannot be reached, or none of its machines is large enough for a cell."""


def reach(address: str) -> None:
    """Check that the cluster answers. Raises `Unusable`.

    Ray's own attempts to connect take minutes and print pages.
    """
    if address.startswith("ray://"):
        raise Unusable(f"{address} is for Ray's client; run this on a machine of the cluster")
    command = [sys.executable, "-c", "from ray.scripts.scripts import main; main()"]
    command += ["health-check", *(() if address == "auto" else ("--address", address))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=REACH, check=False)
    except subprocess.TimeoutExpired:
        raise Unusable(
            f"no Ray cluster answers at {address}; start one (`ray start --head`), or leave out "
            f"--address and RAY_ADDRESS"
        ) from None
    if done.returncode and "token" in done.stderr.lower():
        raise Unusable(
            f"the Ray cluster at {address} does not know this machine's token: set "
            f"RAY_AUTH_MODE=token and RAY_AUTH_TOKEN, or copy ~/.ray/auth_token from its head"
        )
    if done.returncode:
        raise Unusable(f"the Ray cluster at {address} is not healthy; see `ray health-check`")


def slots(nodes: Sequence[Mapping[str, float]], resources: Resources) -> int:
    """Return how many cells these machines can run at a time. Raises `Unusable` if none."""
    count = 0
    for node in nodes:
        fit = node.get("CPU", 0) // resources.cpus
        if resources.gpus:
            fit = min(fit, node.get("GPU", 0) // resources.gpus)
        count += int(fit)
    if not any(node.get("CPU", 0) for node in nodes):
        return 1  # only a head node, which starts workers on demand
    if not count:
        most = max((node.get("CPU", 0), node.get("GPU", 0)) for node in nodes)
        raise Unusable(
            f"a cell asks for {resources.cpus} CPUs and {resources.gpus:g} GPUs, but the largest "
            f"machine has {most[0]:g} and {most[1]:g}; lower --cpus-per-cell or --gpus-per-cell"
        )
    return count


def cause(error_file: str | None) -> tuple[Reason, str]:
    """Return why a worker died, from the file to which Tune has written Ray's error."""
    try:
        text = Path(error_file or "").read_text(encoding="utf-8")
    except OSError:
        text = ""
    if "low on memory" in text or "OutOfMemory" in text:
        return "oom", "killed by Ray, because the machine ran out of memory"
    if any(words in text for words in ("is unavailable", "node has died", "node died")):
        return "interrupted", "the machine it ran on is gone, or cannot be reached"
    return "crashed", "its process was killed, or died in a library; see its log"
