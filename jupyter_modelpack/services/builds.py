"""Builds: asked for, watched, stopped and carried out; equal requests at once are one build."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Protocol

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.release.name import checked_name, name_from
from jupyter_modelpack.release.version import checked_line
from jupyter_modelpack.services.own_settings import own_settings
from jupyter_modelpack.services.packaging_types import (
    Compression,
    PackageRequest,
    PackageResult,
    Phase,
    Progress,
    StepReport,
)
from jupyter_modelpack.services.record import digest_of
from jupyter_modelpack.services.work import (
    Kind,
    LogChunk,
    Work,
    ended,
    error_json,
    new_build_state,
    phase_of,
    with_step,
)

# A second click that comes this many seconds after the end of a build is still about that build.
REPEAT_SECONDS = 5.0


class Queue(Protocol):
    """Keeps builds and runs until a worker takes them."""

    def enter(self, new: Work) -> Work:
        """Queue the work, or return the unfinished one with the same fingerprint."""

    def get(self, kind: Kind, ident: str) -> Work:
        """Return one, or raise NotFound."""

    def list(
        self, kind: Kind, *, path: str = "", name: str = "", version: str = "", limit: int = 100
    ) -> Sequence[Work]:
        """Return them, newest first."""

    def latest(self, fingerprint: str) -> Work | None:
        """Return the newest finished work with this fingerprint."""

    def ask_stop(self, kind: Kind, ident: str, now: float) -> Work:
        """Ask for a stop, or raise NotFound or Conflict."""


class Logs(Protocol):
    """Keeps the logs of builds and runs."""

    def read(self, ident: str, offset: int) -> LogChunk:
        """Return what was logged from a place on; complete when that is all there is so far."""


class Notebooks(Protocol):
    """The notebooks of this machine."""

    def digest(self, path: str) -> str:
        """Return the digest of a notebook's bytes, or raise NotFound or InvalidInput."""

    def touched_since(self, path: str, moment: float) -> bool:
        """Tell whether anything in a notebook's folder changed after a moment, or may have."""


class Workers(Protocol):
    """The processes that do the work."""

    def kick(self) -> None:
        """Look for waiting work now."""

    def stop(self, ident: str) -> None:
        """Stop the process that does this work, if it is one of ours."""


@dataclass(frozen=True)
class BuildOrder:
    """What a person asked to build; ``path`` is absolute, ``shown_path`` how they named it.

    ``settings`` are the names of those that the verify run is given, with their values here.
    """

    path: str
    shown_path: str
    name: str | None = None
    verify: bool = True
    network: bool = False
    compression: Compression = "none"
    live_modules: tuple[str, ...] = ()
    requested_by: str = ""
    line: str = ""
    settings: tuple[str, ...] = ()


class Builds:
    """What can be asked about builds."""

    def __init__(
        self,
        queue: Queue,
        logs: Logs,
        notebooks: Notebooks,
        workers: Workers,
        now: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._queue = queue
        self._logs = logs
        self._notebooks = notebooks
        self._workers = workers
        self._now = now
        self._new_id = new_id

    def start(self, order: BuildOrder) -> Work:
        """Queue a build, or return the one that answers this request already.

        That is the unfinished build of the same notebook content with the same options, or one
        that has just succeeded while nothing in the notebook's folder changed since it began.
        Raises InvalidInput for a setting that there is not.
        """
        asked = self._now()
        given = sorted(own_settings(order.settings))
        name = checked_name(order.name) if order.name else name_from(PurePath(order.path).stem)
        fingerprint = digest_of(
            [
                "build",
                order.path,
                self._notebooks.digest(order.path),
                name,
                order.verify,
                order.network,
                order.compression,
                *filter(None, [checked_line(order.line) if order.line else ""]),
                *([given] if given else []),
            ]
        )
        just_made = self._just_made(order, fingerprint)
        if just_made is not None:
            return just_made
        build = Work(
            id=self._new_id(),
            kind="build",
            created=asked,
            path=order.path,
            name=name,
            requested_by=order.requested_by,
            fingerprint=fingerprint,
            request={
                "shown_path": order.shown_path,
                "name": order.name,
                "verify": order.verify,
                "network": order.network,
                "compression": order.compression,
                "live_modules": list(order.live_modules),
                "line": order.line,
                "settings": given,
            },
            state=new_build_state(),
        )
        entered = self._queue.enter(build)
        self._workers.kick()
        return entered

    def _just_made(self, order: BuildOrder, fingerprint: str) -> Work | None:
        last = self._queue.latest(fingerprint)
        if last is None or last.phase != "Succeeded" or last.finished is None:
            return None
        if not 0 <= self._now() - last.finished < REPEAT_SECONDS:
            return None
        return None if self._notebooks.touched_since(order.path, last.created) else last

    def get(self, ident: str) -> Work:
        """Return a build; raises NotFound."""
        return self._queue.get("build", ident)

    def list(self, path: str = "") -> Sequence[Work]:
        """Return the newest builds, of one notebook if its absolute path is given."""
        return self._queue.list("build", path=path)

    def stop(self, ident: str) -> Work:
        """Ask for a stop; raises NotFound, and Conflict when it has ended."""
        build = self._queue.ask_stop("build", ident, self._now())
        self._workers.stop(ident)
        return build

    def log(self, ident: str, offset: int) -> LogChunk:
        """Return the log from an offset on; raises NotFound."""
        return read_log(self._queue.get("build", ident), self._logs, offset)


def read_log(work: Work, logs: Logs, offset: int) -> LogChunk:
    """Return a part of the log of a build or a run."""
    # The phase was read before the log: what it says to be over has written its last.
    chunk = logs.read(work.id, offset)
    return replace(chunk, complete=work.over and chunk.complete)


class Packager(Protocol):
    """Packages notebooks."""

    def package(
        self, request: PackageRequest, progress: Progress, cancelled: Callable[[], bool]
    ) -> PackageResult:
        """Return the package, or raise."""


class Desk(Protocol):
    """Where a worker puts what it knows; never raises."""

    def save(self, state: Mapping[str, Any], step: str = "", *, now: bool = True) -> None:
        """Keep the state; what need not be seen at once may wait for the next time."""

    def log(self, text: str) -> None:
        """Append text to the log."""

    def bug(self, error: BaseException) -> None:
        """Note where an error came from that nobody expected."""


def carry_out_build(
    build: Work, packager: Packager, desk: Desk, cancelled: Callable[[], bool]
) -> tuple[Phase, dict[str, Any]]:
    """Do a build and return the phase and the state that it ended in."""
    asked = build.request
    progress = _BuildProgress(build.state, desk)
    try:
        request = PackageRequest(
            path=build.path,
            name=asked["name"],
            verify=asked["verify"],
            network=asked["network"],
            compression=asked["compression"],
            settings=own_settings(asked.get("settings", ())),
            live_modules=tuple(asked["live_modules"]),
            requested_by=build.requested_by,
            line=asked.get("line", ""),
        )
        result = packager.package(request, progress, cancelled)
    except Exception as error:
        desk.bug(error)
        phase = phase_of(error)
        return phase, ended(progress.state, phase, error_json(error))
    package = {"name": result.name, "version": result.version}
    return "Succeeded", {**progress.state, "package": package, "unchanged": result.unchanged}


class _BuildProgress:
    """Turns progress into states; a step that goes on need not be seen at once."""

    def __init__(self, state: Mapping[str, Any], desk: Desk) -> None:
        self.state = dict(state)
        self._desk = desk
        self._last: StepReport | None = None

    def step(self, report: StepReport) -> None:
        goes_on = (
            self._last is not None
            and self._last.name == report.name
            and self._last.phase == report.phase
        )
        self._last = report
        self.state["steps"] = with_step(self.state["steps"], report)
        self._desk.save(self.state, report.name, now=not goes_on)

    def findings(self, findings: tuple[Finding, ...]) -> None:
        self.state["findings"] = [finding.to_json() for finding in findings]
        self._desk.save(self.state)

    def log(self, text: str) -> None:
        self._desk.log(text)
