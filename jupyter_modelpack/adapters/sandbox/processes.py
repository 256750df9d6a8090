"""The processes below one process: found, measured and ended (Linux ``/proc``)."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_KILL_SECONDS = 5.0


def children(pid: int) -> list[int]:
    """Return the direct children of a process, of any of its threads."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def tree(pid: int) -> list[int]:
    """Return a process and all below it, parents first."""
    found = [pid]
    for parent in found:
        found += [child for child in children(parent) if child not in found]
    return found


def descendant(pid: int, depth: int) -> int | None:
    """Return the first process ``depth`` generations down, or None when it is not there."""
    current: int | None = pid
    for _ in range(depth):
        current = next(iter(children(current)), None) if current is not None else None
    return current


def terminate(pid: int) -> None:
    """Ask a process to end; one that has ended already is fine."""
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGTERM)


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything below it, also what forks meanwhile, and reap it.

    The descendants die first: as long as their ancestor lives, none of them gets away from it.
    """
    until = time.monotonic() + _KILL_SECONDS
    while process.poll() is None:
        below = tree(process.pid)[1:]
        for pid in below:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if not below or time.monotonic() > until:
            process.kill()
            break
        time.sleep(0.005)
    process.wait()


def resident(pids: Iterable[int]) -> int:
    """Return the sum of resident memory in bytes; shared pages count for each process."""
    pages = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError, ValueError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * _PAGE


def proportional(pids: Iterable[int]) -> int:
    """Return the sum of memory in bytes with shared pages counted once."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError, ValueError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total
