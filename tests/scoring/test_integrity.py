"""Damaged files count as missing: they are named, plans skip them, `fetch` replaces them."""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.engine import preflight
from bench.scoring import datasets, integrity
from bench.scoring.datasets import SOURCES, BadData
from tests.support.downloads import ARCHIVES, FILES, Network
from tests.support.fakes import bench

# Python 3.12 and 3.13 warn of how torchvision unpacks archives.
pytestmark = pytest.mark.filterwarnings("ignore:Python 3.14 will:DeprecationWarning")


def set_bytes(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.write_bytes(change(path.read_bytes()))

    return damage


def replaced(make: Callable[[Path], Any]) -> Callable[[Path], None]:
    """Damage by something else in the file's place."""

    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def full_folder(path: Path) -> None:
    (path / "thesis").mkdir(parents=True)


def link_to_damage(path: Path) -> None:
    other = path.with_name("precious")
    other.write_bytes(b"x" * 99)
    path.symlink_to(other)


def zeros(content: bytes) -> bytes:
    """A file that was given its size before its content came."""
    return content[:16] + bytes(len(content) - 16)


ANY = {
    "empty": (set_bytes(lambda content: b""), "is empty"),
    "truncated": (set_bytes(lambda content: content[:-7]), "bytes"),
    "too long": (set_bytes(lambda content: content + b"\0"), "bytes"),
    "a web page": (set_bytes(lambda content: b"<html>404 Not Found</html>\n"), "27 bytes"),
    "zeros": (set_bytes(zeros), ""),
    "upside down": (set_bytes(lambda content: content[::-1]), ""),
    "a folder": (replaced(Path.mkdir), "is a folder"),
    "a folder in use": (replaced(full_folder), "is a folder"),
    "a link to nothing": (replaced(lambda path: path.symlink_to("gone")), "link to gone, which"),
    "a link to itself": (replaced(lambda path: path.symlink_to(path.name)), "cannot be read: Too"),
    "a link to damage": (replaced(link_to_damage), "99"),
    "a pipe": (replaced(os.mkfifo), "is not a regular file"),
}
LABELS, TEST = "FashionMNIST/raw/train-labels-idx1-ubyte", "FashionMNIST/raw/t10k-images-idx3-ubyte"
ONLY = [
    ("fashion_mnist", FILES["fashion_mnist"], "magic", lambda c: b"\0\0\x0d\3" + c[4:], "no idx"),
    ("fashion_mnist", FILES["fashion_mnist"], "sides", lambda c: c[:8] + b"\0\0\0\x0e\0\0\0\x38"
     + c[16:], "holds 40 x 14 x 56 bytes, not 40 x 28 x 28"),
    ("fashion_mnist", FILES["fashion_mnist"], "others", lambda c: c[:16] + bytes(
        value // 2 for value in c[16:]), "other images"),
    ("fashion_mnist", LABELS, "count", lambda c: c[:7] + b"\x27" + c[8:], "holds 39 bytes, not 40"),
    ("fashion_mnist", TEST, "half", lambda c: c[: len(c) // 2], "has 1968 bytes, not 3936"),
    ("cifar10", FILES["cifar10"], "a bit", lambda c: c[:-9] + bytes([c[-9] ^ 1]) + c[-8:], "md5"),
    ("cifar10", "cifar-10-batches-py/batches.meta", "other names", lambda c: c[::-1], "md5"),
    ("cifar10", "cifar-10-batches-py/test_batch", "half", lambda c: c[: len(c) // 2], "md5"),
    ("inception", FILES["inception"], "a bit", lambda c: bytes([c[0] ^ 1]) + c[1:], "sha256"),
]  # fmt: skip
DAMAGES = [
    *(
        pytest.param(name, file, *ANY[kind], id=f"{name}-{kind}")
        for name, file in FILES.items()
        for kind in ANY
    ),
    *(
        pytest.param(name, file, set_bytes(change), why, id=f"{name}-{Path(file).name}-{kind}")
        for name, file, kind, change, why in ONLY
    ),
]


@pytest.mark.parametrize(("name", "file", "damage", "why"), DAMAGES)
def test_damage_is_found_named_and_mended(
    data: Path, network: Network, capsys: Any, name: str, file: str, damage: Any, why: str
) -> None:
    path, source = data / file, SOURCES[name]
    assert datasets.what_is_missing(*SOURCES) is None
    damage(path)
    says_that_it_is_damaged(name, path, why)
    assert bench("fetch", name, "--data-root", data) == 0
    out = capsys.readouterr().out
    assert f"{name}: {path} " in out
    assert "damaged" not in out
    assert source.problems() == []
    assert set(network.asked) == {Path(archive).name for archive in ARCHIVES[name]}
    left = [each for each in path.parent.iterdir() if ".damaged" in each.name]
    assert [list(each.iterdir()) for each in left] == [[each / "thesis"] for each in left]
    precious = path.with_name("precious")
    assert not precious.exists() or precious.read_bytes() == b"x" * 99
    if name != "inception":
        assert len(datasets.images(name)) == 40


def says_that_it_is_damaged(name: str, path: Path, why: str) -> None:
    """The reason to skip a task, `bench fetch`, `doctor` and the loader."""
    reason = str(datasets.what_is_missing(*SOURCES))
    assert reason.startswith(f"{name} damaged ({path} ")
    assert why in reason
    assert f"`python -m bench fetch {name}`" in reason
    assert "delete" in reason
    assert "\n" not in reason
    state = SOURCES[name].state()
    assert state.startswith(f"1 of {len(SOURCES[name].files)} files damaged: ")
    assert why in state
    findings = {finding.text.split()[0]: finding for finding in preflight._data()}
    assert {each for each, finding in findings.items() if finding.state != "ok"} == {name}
    assert state in findings[name].text
    assert findings[name].fix == f"python -m bench fetch {name}"
    if name != "inception":
        with pytest.raises(BadData, match="damaged") as refusal:
            datasets.images(name)
        assert str(path) in str(refusal.value)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_may_not_be_read(
    data: Path, network: Network, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Root may read everything: so this one file refuses, wherever it goes."""
    path, opened = data / FILES[name], Path.open
    secret = path.stat().st_ino

    def refuses(self: Path, *rest: Any, **more: Any) -> Any:
        if self.exists() and self.stat().st_ino == secret:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *rest, **more)

    os.utime(path)  # what is known of it is of before
    monkeypatch.setattr(Path, "open", refuses)
    says_that_it_is_damaged(name, path, "cannot be read: Permission denied")
    datasets.fetch(name)
    assert SOURCES[name].problems() == []


def test_several_sources_are_one_line(data: Path) -> None:
    (data / FILES["cifar10"]).write_bytes(b"123")
    (data / LABELS).write_bytes(b"123")
    (data / FILES["fashion_mnist"]).unlink()
    (data / FILES["inception"]).unlink()
    reason = datasets.what_is_missing("fashion_mnist", "cifar10", "inception")
    assert reason == (
        f"fashion_mnist damaged ({data / LABELS} has 3 bytes, not 48), "
        f"cifar10 damaged ({data / FILES['cifar10']} (3 bytes) has md5 "
        f"{hashlib.md5(b'123').hexdigest()[:8]}, not "
        f"{cifar10_md5()['data_batch_2'][:8]}), "
        f"inception missing (first {data / FILES['inception']}); run `python -m bench fetch "
        f"fashion_mnist cifar10 inception`, which replaces damaged files (or delete them), "
        f"or --data-root FOLDER if you have them"
    )
    assert SOURCES["fashion_mnist"].state() == (
        f"1 of 4 files missing, 1 of 4 files damaged: {LABELS} has 3 bytes, not 48"
    )


def cifar10_md5() -> dict[str, str]:
    from torchvision.datasets import CIFAR10

    return dict(CIFAR10.train_list)


def test_large_files_are_read_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan asks for each cell; a changed file is read again, even one of the same size."""
    read: list[str] = []
    digest = hashlib.file_digest

    def counted(stream: Any, algorithm: Any) -> Any:
        read.append(Path(stream.name).name)
        return digest(stream, algorithm)

    integrity._digest.cache_clear()
    monkeypatch.setattr(hashlib, "file_digest", counted)
    for _ in range(300):
        assert datasets.what_is_missing(*SOURCES) is None
    assert sorted(read) == sorted(Path(SOURCES[name].files[i]).name for name, i in (
        *(("cifar10", i) for i in range(7)), ("inception", 0)
    ))  # fmt: skip
    path = data / FILES["cifar10"]
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert datasets.what_is_missing("cifar10") is not None
    assert read[8:] == [path.name]


def test_doctor_goes_on_without_torchvision(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has said that torchvision cannot be imported, and cannot check CIFAR's sums."""
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    assert {finding.state for finding in preflight._data()} == {"ok"}


def test_a_run_skips_what_is_damaged_and_does_the_rest(
    data: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = data / FILES["cifar10"]
    path.write_bytes(b"123")
    code = bench(
        *("run", "--tasks", "bilinear,cifar10", "--strategies", "r1", "--base", "bare"),
        *("--seeds", "1", "--updates", "5", "--engine", "serial", "--results", tmp_path / "r"),
    )
    assert code == 3
    error = capsys.readouterr().err
    assert f"skipping cifar10: cifar10 damaged ({path} (3 bytes) has md5" in error
    assert (tmp_path / "r" / "2" / "local" / "bilinear" / "bare+r1@5.json").exists()
