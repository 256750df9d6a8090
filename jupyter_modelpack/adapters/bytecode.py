"""Bytecode for the image, made by the kernel's own Python and kept between builds."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from jupyter_modelpack.environment import bytecode_program
from jupyter_modelpack.environment.bytecode import Interpreter, Job, bytecode_jobs
from jupyter_modelpack.errors import Aborted
from jupyter_modelpack.oci.tree import File, Tree

_PROCESSES = 2
_FEW = 100
_POLL_SECONDS = 0.02
_MOST_SECONDS = 300.0
_RACY_SECONDS = 2.0
_KEEP_SECONDS = 30 * 86400
_KEEP_TRANSIENT_SECONDS = 86400
_SIZES = "sizes.json"


def compile_tree(
    tree: Tree,
    interpreter: Interpreter,
    cache_dir: Path,
    cancelled: Callable[[], bool] = lambda: False,
) -> Tree:
    """Return the tree with a ``.pyc`` entry for each module that a program may import.

    Bytecode is only speed: a module that does not compile, or an interpreter that breaks, adds
    none. The made files stay below ``cache_dir/bytecode`` and are used again while the sources
    keep their size and times. Raises Aborted when ``cancelled`` says so.
    """
    jobs = bytecode_jobs(tree, interpreter)
    if not jobs:
        return tree
    home = cache_dir / "bytecode" / f"{interpreter.cache_tag}-{interpreter.python_version}"
    key, racy = _key(jobs, interpreter)
    if racy:
        key += f"-{os.getpid()}-{time.monotonic_ns()}"
    kept = _kept(home / key)
    if kept is None:
        try:
            kept = _make(jobs, interpreter, home, key, cancelled)
        except OSError:
            return tree
    entries = tuple(
        File(job.target, source=str(home / key / str(number)), stamp=f"{key}/{number}")
        for number, job in enumerate(jobs)
        if str(number) in kept
    )
    return replace(tree, entries=tree.entries + entries)


def _key(jobs: Sequence[Job], interpreter: Interpreter) -> tuple[str, bool]:
    """Return a key for the sources as they are, and whether one is too new to trust its times."""
    digest = hashlib.sha256(_program().encode())
    digest.update(os.fsencode(interpreter.executable) + b"\0")
    newest = 0.0
    for job in jobs:
        digest.update(os.fsencode(job.source.path) + b"\0")
        if job.source.content is not None:
            digest.update(hashlib.sha256(job.source.content).digest())
            continue
        try:
            found = os.stat(job.source.source)
        except OSError:
            continue
        newest = max(newest, found.st_mtime, found.st_ctime)
        facts = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)
        digest.update(os.fsencode(job.source.source) + repr(facts).encode())
    return digest.hexdigest()[:40], newest > time.time() - _RACY_SECONDS


def _kept(directory: Path) -> dict[str, int] | None:
    """Return name to size of the files made before, if every one is there in full, else None."""
    try:
        sizes = json.loads((directory / _SIZES).read_bytes())
        if not isinstance(sizes, dict):
            return None
        prefix = f"{directory}/"
        if any(os.stat(prefix + name).st_size != size for name, size in sizes.items()):
            return None
        os.utime(directory)
    except (OSError, ValueError):
        return None
    return sizes


def _make(
    jobs: Sequence[Job],
    interpreter: Interpreter,
    home: Path,
    key: str,
    cancelled: Callable[[], bool],
) -> dict[str, int]:
    home.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".making-", dir=home))
    try:
        _run(_inputs(jobs, work), interpreter, work, cancelled)
        sizes = {e.name: e.stat().st_size for e in os.scandir(work) if e.name.isdecimal()}
        (work / _SIZES).write_text(json.dumps(sizes, sort_keys=True))
        work.chmod(0o755)
        kept = _put(work, home / key, sizes)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _forget_old(home)
    return kept


def _put(work: Path, final: Path, sizes: dict[str, int]) -> dict[str, int]:
    """Name what was made, and return what then stands under that name.

    Another process may have made the same meanwhile and be reading it: that stays, if it is whole.
    """
    if _renamed(work, final):
        return sizes
    kept = _kept(final)
    if kept is None:
        shutil.rmtree(final, ignore_errors=True)
        kept = sizes if _renamed(work, final) else _kept(final)
    return kept or {}


def _renamed(work: Path, final: Path) -> bool:
    try:
        work.rename(final)
    except OSError:
        return False
    return True


def _inputs(jobs: Sequence[Job], work: Path) -> list[tuple[int, bytes]]:
    """Return (size of the source, input of the program) for each job."""
    rows = []
    for number, job in enumerate(jobs):
        source = job.source.source
        if job.source.content is not None:
            source = f"{work}/{number}.py"
            Path(source).write_bytes(job.source.content)
        fields = (source, f"/{job.source.path}", f"{work}/{number}")
        try:
            size = os.stat(source).st_size
        except OSError:
            continue
        rows.append((size, b"\0".join(map(os.fsencode, fields)) + b"\0"))
    return rows


def _run(
    rows: Sequence[tuple[int, bytes]],
    interpreter: Interpreter,
    work: Path,
    cancelled: Callable[[], bool],
) -> None:
    count = 1 if len(rows) < _FEW else min(_PROCESSES, len(os.sched_getaffinity(0)))
    ordered = sorted(rows, reverse=True)
    running: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(count):
            text = work / f"in-{number}"
            text.write_bytes(b"".join(row for _, row in ordered[number::count]))
            with text.open("rb") as stdin:
                running.append(_start(interpreter, stdin.fileno()))
        give_up = time.monotonic() + _MOST_SECONDS
        while any(process.poll() is None for process in running) and time.monotonic() < give_up:
            if cancelled():
                raise Aborted("Making bytecode was stopped.")
            time.sleep(_POLL_SECONDS)
    finally:
        for process in running:
            process.kill()
            process.wait()
    for leftover in (*work.glob("in-*"), *work.glob("*.py"), *work.glob("*.part")):
        leftover.unlink()


def _start(interpreter: Interpreter, stdin: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [interpreter.executable, "-I", "-S", "-B", "-c", _program()],
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        close_fds=True,
    )


@cache
def _program() -> str:
    return Path(bytecode_program.__file__).read_text(encoding="utf-8")


def _forget_old(home: Path) -> None:
    """Remove what no build has used for a month, and what a killed build or an open edit left."""
    now = time.time()
    for directory in home.iterdir():
        transient = directory.name.startswith(".") or "-" in directory.name
        try:
            age = now - directory.stat().st_mtime
        except OSError:
            continue
        if age > (_KEEP_TRANSIENT_SECONDS if transient else _KEEP_SECONDS):
            shutil.rmtree(directory, ignore_errors=True)
