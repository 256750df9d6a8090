"""What is asked of a run of an image, and what comes out of it, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from jupyter_modelpack.errors import InvalidInput

Phase = Literal["Succeeded", "Failed", "Errored", "Aborted"]
Level = Literal["podman", "docker", "bubblewrap", "namespaces", "process"]
LEAST_MEMORY = 64 * 1024 * 1024


@dataclass(frozen=True)
class Isolation:
    """How a run is kept from the machine: ``sealed`` means no network and a read-only root."""

    name: Level
    sealed: bool
    sentence: str

    def with_network(self) -> Isolation:
        """Return the same isolation for a run that was allowed to use the network."""
        sentence = f"{self.sentence} The network was allowed."
        return replace(self, sealed=False, sentence=sentence) if self.sealed else self


@dataclass(frozen=True)
class RunRequest:
    """How to run an image: ``work_dir`` (host) becomes ``/work`` and holds what the run writes.

    ``time_limit`` is in seconds and ``memory_limit`` in bytes; ``settings`` are environment
    variables; ``inputs`` maps paths below ``/work`` to files or folders of the host.
    """

    work_dir: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    network: bool = False
    time_limit: float | None = None
    memory_limit: int | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Path | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        limit = self.time_limit
        if limit is not None and not (math.isfinite(limit) and limit > 0):
            raise InvalidInput("A time limit must be a positive number.", field="time_limit")
        if self.memory_limit is not None and self.memory_limit < LEAST_MEMORY:
            raise InvalidInput("A run needs at least 64 MiB of memory.", field="memory_limit")
        for name, value in self.settings.items():
            if not name.isidentifier() or not name.isascii() or "\0" in value:
                raise InvalidInput(f"{name!r} cannot be a setting.", field="settings")
        for path, source in self.inputs.items():
            _check_input(path, Path(source))


@dataclass(frozen=True)
class RunResult:
    """What a run did. ``cell`` is the one it was in, at a time limit the last one that finished.

    ``outputs`` are the files below ``work_dir`` that the run made or changed; ``peak_memory`` is in
    bytes; ``error`` has ``cell``, ``ename``, ``evalue``, ``line`` and perhaps ``module``;
    ``inputs`` are the files that it read and the image lacks, with their digests.
    """

    phase: Phase
    exit_code: int
    isolation: Isolation
    seconds: float
    cell: int | None = None
    cells: int | None = None
    reached_limit: bool = False
    metrics: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[Mapping[str, Any], ...] = ()
    outputs: tuple[str, ...] = ()
    executed_notebook: Path | None = None
    error: Mapping[str, Any] | None = None
    missing_modules: tuple[str, ...] = ()
    writes_outside: tuple[Mapping[str, Any], ...] = ()
    network: tuple[Mapping[str, Any], ...] = ()
    peak_memory: int | None = None
    inputs: tuple[Mapping[str, Any], ...] = ()


def _check_input(path: str, source: Path) -> None:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise InvalidInput(f"{path!r} is not a path in the work directory.", field="inputs")
    if parts[0] == ".modelpack":
        raise InvalidInput(f"{path!r} is where results go.", field="inputs")
    if not source.exists():
        raise InvalidInput(f"The input file {source} is not there.", field="inputs")
