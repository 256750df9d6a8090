"""Reading what a run left in its work directory, believing nothing: the notebook could write there.

No link is followed and only regular files are opened, so that a run cannot make us read, or show as
its own, any other file of the machine.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

FOLDER = ".modelpack"
RESULTS = ("events.jsonl", "result.json", "executed.ipynb")
MOST_BYTES = 64 << 20
_MOST_OUTPUTS = 10_000
# what libraries keep for themselves in a home directory
_KEPT_BY_LIBRARIES = frozenset({FOLDER, ".cache", ".config", ".ipython", ".local", ".keras"})
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def open_result(work: Path, name: str) -> Iterator[BinaryIO]:
    """Open one of the runtime's files; raises OSError when it is not a regular file."""
    folder = os.open(work / FOLDER, _DIRECTORY)
    try:
        fd = os.open(
            name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder
        )
    finally:
        os.close(folder)
    with os.fdopen(fd, "rb") as stream:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(f"{name} is not a file")
        yield stream


def place_result(work: Path, name: str, data: bytes) -> None:
    """Write a file where the runtime reads it, and remove what an earlier run left there."""
    folder = work / FOLDER
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        folder.unlink()
    folder.mkdir(mode=0o755, exist_ok=True)
    at = os.open(folder, _DIRECTORY)
    try:
        for old in (name, *RESULTS):
            with suppress(FileNotFoundError):
                os.unlink(old, dir_fd=at)
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=at)
        with os.fdopen(fd, "wb") as stream:
            stream.write(data)
    finally:
        os.close(at)


def rewrite_results(work: Path, copy: Callable[[BinaryIO, BinaryIO], bool]) -> None:
    """Put a copy in place of each file that the runtime left, where ``copy`` says it is another."""
    for name in RESULTS:
        with suppress(OSError), open_result(work, name) as source:
            _rewrite(work, name, source, copy)


def _rewrite(
    work: Path, name: str, source: BinaryIO, copy: Callable[[BinaryIO, BinaryIO], bool]
) -> None:
    at = os.open(work / FOLDER, _DIRECTORY)
    new = f".{name}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(new, flags, 0o644, dir_fd=at), "wb") as target:
            changed = copy(source, target)
        if changed:
            os.rename(new, name, src_dir_fd=at, dst_dir_fd=at)
        else:
            os.unlink(new, dir_fd=at)
    finally:
        os.close(at)


def read_result(work: Path) -> dict[str, Any]:
    """Return ``result.json``, or an empty mapping when the run left none that can be read."""
    try:
        with open_result(work, "result.json") as stream:
            data = json.loads(stream.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def executed_notebook(work: Path) -> Path | None:
    """Return where the executed notebook is, when there is one."""
    try:
        with open_result(work, "executed.ipynb"):
            return work / FOLDER / "executed.ipynb"
    except OSError:
        return None


def snapshot(work: Path) -> dict[str, tuple[int, int]]:
    """Return path -> size and time of every file in the work directory."""
    found: dict[str, tuple[int, int]] = {}
    for folder, names, leaves in os.walk(work):
        here = Path(folder)
        if here == work:
            names[:] = sorted(set(names) - _KEPT_BY_LIBRARIES)
        else:
            names.sort()
        for leaf in sorted(leaves):
            with suppress(OSError):
                facts = (here / leaf).lstat()
                if stat.S_ISREG(facts.st_mode):
                    path = (here / leaf).relative_to(work).as_posix()
                    found[path] = (facts.st_size, facts.st_mtime_ns)
            if len(found) >= _MOST_OUTPUTS:
                return found
    return found


def outputs(
    work: Path,
    before: Mapping[str, tuple[int, int]],
    packaged: Callable[[str], Path],
    inputs: Mapping[str, Path],
) -> tuple[str, ...]:
    """Return the files that the run made or changed, and that are not what it was given.

    A packaged file was copied with its time, so one with another time or size was changed.
    """
    made: list[str] = []
    for path, facts in snapshot(work).items():
        if before.get(path) == facts or any(_below(path, place) for place in inputs):
            continue
        with suppress(OSError):
            there = packaged(path).lstat()
            if (there.st_size, there.st_mtime_ns) == facts:
                continue
        made.append(path)
    return tuple(made)


def _below(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")
