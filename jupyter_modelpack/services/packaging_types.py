"""What goes into packaging a notebook and what comes out, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.oci.digest import Digest

Phase = Literal["Pending", "Running", "Succeeded", "Failed", "Errored", "Aborted", "Skipped"]
StepName = Literal["read", "inspect", "environment", "image", "verify", "publish", "job"]
Compression = Literal["none", "gzip", "zstd"]

STEPS: Mapping[StepName, str] = {
    "read": "Read the notebook",
    "inspect": "Look for problems",
    "environment": "Find what it uses",
    "image": "Make the image",
    "verify": "Run it, sealed",
    "publish": "Publish",
    "job": "Kubeflow pipeline",
}


@dataclass(frozen=True)
class PackageRequest:
    """What a person asked for: which notebook, and how.

    ``line`` is the named line that the release goes on, ``commit`` what git says of the folder.
    """

    path: str
    name: str | None = None
    verify: bool = True
    network: bool = False
    compression: Compression = "none"
    settings: Mapping[str, str] = field(default_factory=dict)
    live_modules: tuple[str, ...] = ()
    requested_by: str = ""
    line: str = ""
    commit: str | None = None


@dataclass(frozen=True)
class Transfer:
    """How far an image is on its way to a registry; bytes, and bytes a second.

    ``total`` is ``done`` + ``there`` at the end: what was sent and what need not be sent, because
    the registry has it. ``wire`` is what went over the network, repetitions included.
    """

    total: int
    done: int = 0
    there: int = 0
    speed: int = 0
    wire: int = 0

    def to_json(self) -> dict[str, int]:
        """Return the JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class StepReport:
    """How one step stands: its phase, seconds, a short detail, and progress from 0 to 1."""

    name: StepName
    phase: Phase
    seconds: float | None = None
    detail: str = ""
    progress: float | None = None
    transfer: Transfer | None = None


class Progress(Protocol):
    """Where packaging reports to; each call is quick and never raises."""

    def step(self, report: StepReport) -> None:
        """Note how a step stands."""

    def findings(self, findings: tuple[Finding, ...]) -> None:
        """Note all findings so far, in order."""

    def log(self, text: str) -> None:
        """Append text to the log, as it came."""


@dataclass(frozen=True)
class PackageResult:
    """A finished package: ``record`` is the JSON object that REST calls Package."""

    name: str
    version: str
    digest: Digest
    record: Mapping[str, Any]
    unchanged: bool = False
