"""Inspecting: what a notebook says, held against what its kernel has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from jupyter_modelpack.environment.facts import Facts
from jupyter_modelpack.notebook.files import Files
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.inspection import Inspection, inspect
from jupyter_modelpack.notebook.references import with_references
from jupyter_modelpack.notebook.snapshot import Snapshot, take_snapshot
from jupyter_modelpack.services.packaging_types import PackageRequest


@dataclass(frozen=True)
class KernelAnswer:
    """The kernel that a notebook runs on, and what its interpreter said."""

    name: str
    display_name: str
    facts: Facts
    assumed: bool = False
    library_path: str = ""


class Kernels(Protocol):
    """Finds kernels and asks their interpreters."""

    def answer(self, name: str | None, cancelled: Callable[[], bool]) -> KernelAnswer:
        """Return what the kernel is, or raise NotFound or InvalidInput: never another kernel."""


class Notebooks(Protocol):
    """The notebooks of this machine, and the files beside them."""

    def read(self, path: str) -> bytes:
        """Return a notebook's bytes, or raise NotFound or InvalidInput."""

    def folder(self, path: str) -> str:
        """Return the absolute path of the folder that a notebook is in."""

    def files(self, path: str) -> Files:
        """Return the files that a notebook can reach."""


@dataclass(frozen=True)
class Inspected:
    """A snapshot with its kernel's facts and everything that was found in it."""

    snapshot: Snapshot
    kernel: KernelAnswer
    inspection: Inspection
    folder: str

    @property
    def facts(self) -> Facts:
        """What the kernel's interpreter has."""
        return self.kernel.facts

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, what stops the package first."""
        return self.inspection.findings

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that ``inspect --json`` and REST print."""
        return {
            **self.inspection.to_json(),
            "kernel": {"name": self.kernel.name, "display_name": self.kernel.display_name},
        }


class Inspector:
    """Reads and inspects notebooks; nothing of them is executed."""

    def __init__(self, notebooks: Notebooks, kernels: Kernels, *, file_bytes: int) -> None:
        self._notebooks = notebooks
        self._kernels = kernels
        self._file_bytes = file_bytes

    def snapshot(self, path: str) -> Snapshot:
        """Read a notebook once, with those that it names; raises InvalidInput for its own file."""
        return with_references(
            take_snapshot(lambda: self._notebooks.read(path), path),
            self._notebooks.files(path),
            lambda name: self._beside(path, name),
        )

    def _beside(self, path: str, name: str) -> Snapshot:
        found = f"{self._notebooks.folder(path)}/{name}"
        return take_snapshot(lambda: self._notebooks.read(found), found)

    def kernel(self, snapshot: Snapshot, cancelled: Callable[[], bool]) -> KernelAnswer:
        """Ask the notebook's own kernel; another one is never taken instead."""
        return self._kernels.answer(snapshot.kernel_name, cancelled)

    def inspect(
        self, snapshot: Snapshot, kernel: KernelAnswer, request: PackageRequest | None = None
    ) -> Inspected:
        """Hold a snapshot against its kernel and the files beside it."""
        inspection = inspect(
            snapshot,
            kernel=kernel.facts,
            files=self._notebooks.files(snapshot.path),
            file_limit=self._file_bytes,
        )
        return Inspected(snapshot, kernel, inspection, self._notebooks.folder(snapshot.path))

    def all(self, path: str, cancelled: Callable[[], bool] = lambda: False) -> Inspected:
        """Read, ask and inspect in one go."""
        snapshot = self.snapshot(path)
        return self.inspect(snapshot, self.kernel(snapshot, cancelled))
