"""One process to be started inside an image's files: with what, seeing what, allowed what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import BinaryIO, Protocol

from jupyter_modelpack.adapters.sandbox import processes
from jupyter_modelpack.adapters.sandbox.request import Isolation
from jupyter_modelpack.oci.digest import Digest

USER = 65532


@dataclass(frozen=True)
class Root:
    """The image's files on the host: ``base`` is its root, ``over`` lies over paths in it."""

    base: Path
    over: Mapping[str, Path] = field(default_factory=dict)

    def host_path(self, path: str) -> Path:
        """Return where a path of the image (``/opt/...``) is on the host."""
        relative = path.lstrip("/")
        for place, source in self.over.items():
            if relative == place or relative.startswith(place + "/"):
                return source / relative[len(place) :].lstrip("/")
        return self.base / relative


@dataclass(frozen=True)
class Container:
    """What to start: paths in ``argv`` and ``env`` are the image's, the others the host's.

    ``settings`` names what in ``env`` may be secret; ``image`` (the configuration's digest) and
    ``archive``, which writes it, are for an engine that keeps images of its own.
    """

    root: Root
    argv: tuple[str, ...]
    env: Mapping[str, str]
    work: Path
    tmp: Path
    name: str
    inputs: Mapping[str, Path] = field(default_factory=dict)
    network: bool = False
    memory_limit: int | None = None
    settings: frozenset[str] = frozenset()
    image: Digest | None = None
    archive: Callable[[BinaryIO], None] | None = None


@dataclass(frozen=True)
class Running:
    """A started container: its host process, and how to end it gently or at once."""

    process: Popen[bytes]
    stop: Callable[[], None]
    kill: Callable[[], None]
    members: Callable[[], list[int]]


class Launcher(Protocol):
    """One way to keep a process from the machine."""

    @property
    def isolation(self) -> Isolation:
        """What it gives."""

    def problem(self) -> str | None:
        """Return why it does not work on this machine, or None when it was tried and works."""

    def start(self, container: Container, log: int) -> Running:
        """Start the process with its output going to the descriptor ``log``."""


def supervised(process: Popen[bytes], depth: int) -> Running:
    """Return a Running for a process whose descendant, ``depth`` generations down, is the run."""

    def stop() -> None:
        pid = processes.descendant(process.pid, depth)
        if pid is not None:
            processes.terminate(pid)

    return Running(
        process,
        stop,
        lambda: processes.kill_tree(process),
        lambda: processes.tree(process.pid)[1:],
    )
