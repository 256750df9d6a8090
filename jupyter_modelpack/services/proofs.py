"""The proof of a release: the notebook as it ran, and the log of that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jupyter_modelpack.errors import ModelPackError, NotFound
from jupyter_modelpack.services.work import LogChunk, Work

_LOG_END = 64 << 10  # characters


@dataclass(frozen=True)
class Proof:
    """What one run left: what run it was, how its log ends, and the notebook as it ran."""

    what: str
    log: str
    is_cut: bool
    notebook: bytes | None


class Kept(Protocol):
    """Keeps what the sealed run of an image left."""

    def read(self, digest: str) -> tuple[str, bytes | None] | None:
        """Return the log and the notebook, or None."""


class Runs(Protocol):
    """Runs of packages."""

    def list(self, name: str, version: str) -> Sequence[Work]:
        """Return those of a version, newest first."""

    def log(self, ident: str, offset: int) -> LogChunk:
        """Return a part of the log."""

    def executed(self, ident: str) -> bytes:
        """Return the notebook as it ran; raises NotFound."""


class Renders(Protocol):
    """Shows notebooks as pages without anything that runs."""

    def __call__(self, notebook: bytes) -> str:
        """Return HTML, or raise InvalidInput."""


@dataclass(frozen=True)
class Proofs:
    """Finds the proof of a release: of its sealed run, else of the newest run of it."""

    kept: Kept
    runs: Runs
    renders: Renders

    def of(self, record: Mapping[str, Any]) -> Proof | None:
        """Return the proof, or None when nothing is left of any run."""
        kept = self.kept.read(str(record["digest"]))
        if kept is not None:
            log, notebook = kept
            return _proof("the run that verified it", log, notebook)
        for run in self.runs.list(str(record["name"]), str(record["version"])):
            if run.phase == "Succeeded":
                log = self.runs.log(run.id, 0).text
                return _proof(f"a run that {run.requested_by} asked for", log, self._executed(run))
        return None

    def page(self, record: Mapping[str, Any]) -> str:
        """Return the notebook as it ran, as HTML in which nothing runs; raises NotFound."""
        proof = self.of(record)
        if proof is None or proof.notebook is None:
            raise NotFound("executed notebook", f"of {record['name']} {record['version']}")
        return self.renders(proof.notebook)

    def _executed(self, run: Work) -> bytes | None:
        try:
            return self.runs.executed(run.id)
        except ModelPackError:
            return None


def _proof(what: str, log: str, notebook: bytes | None) -> Proof:
    return Proof(what, log[-_LOG_END:], len(log) > _LOG_END, notebook)
