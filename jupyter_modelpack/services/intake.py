"""Taking in what somebody packaged elsewhere: nothing that is said of an image is believed.

The image is checked, read, searched for secrets and run here; the record is made anew from that.
Of the submitted record only the lock is used, because the image names its digest, and sizes that
nothing depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from jupyter_modelpack.errors import Aborted, BackendError, GateNotSatisfied, StoreError
from jupyter_modelpack.notebook.reproduction import Reproduction
from jupyter_modelpack.oci.blob import damaged
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import annotations_of, read_image
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.validate import validate_image
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.name import checked_name
from jupyter_modelpack.services import record as records
from jupyter_modelpack.services.described import Claim, described
from jupyter_modelpack.services.image_contents import read_inside
from jupyter_modelpack.services.release_facts import author_of
from jupyter_modelpack.services.running import ImageRunner, RunOrder
from jupyter_modelpack.services.verification import Verification, judge
from jupyter_modelpack.services.verifying import forget

Record = Mapping[str, Any]
IntakeStep = Literal["image", "contents", "run", "record"]


class Folders(Protocol):
    """Makes folders to work in."""

    def one(self) -> AbstractContextManager[Path]:
        """Give a new empty folder, which is gone afterwards."""


class Jobs(Protocol):
    """Compiles what a cluster runs."""

    def compile(self, record: Record) -> tuple[Mapping[str, bytes], str]:
        """Return file contents by format, and what to do about a format that is missing."""


class Releases(Protocol):
    """Keeps the records of packages."""

    def newest(self, name: str, line: str | None = None) -> Record | None:
        """Return the record with the highest version, on a line or, with an empty text, on none."""

    def by_digest(self, name: str, digest: str) -> Record | None:
        """Return the record of this very image."""

    def put(self, record: Record, files: Mapping[str, bytes]) -> None:
        """Keep a record and its compiled files, all or nothing, in place of one of this digest."""

    def file(self, name: str, version: str, kind: str) -> bytes | None:
        """Return a compiled file of a package."""


class Names(Protocol):
    """Names images in the store."""

    def alone(self, package: str) -> AbstractContextManager[None]:
        """Keep other processes from releasing the same package meanwhile."""

    def name(self, name: str, manifest: Descriptor) -> None:
        """Let ``name`` stand for the image."""


@dataclass(frozen=True)
class Ports:
    """What taking in needs of the world; ``sealed`` says whether runs are kept apart here.

    ``keep`` is given the image's digest, the log and the notebook as it ran, for those who decide.
    """

    layout: Layout
    runner: ImageRunner
    folders: Folders
    jobs: Jobs
    releases: Releases
    names: Names
    attest: Callable[[Record], Mapping[str, str]]
    runtime: Callable[[], Mapping[str, bytes]]
    sealed: Callable[[], bool]
    time_limit: float
    file_limit: int
    monotonic: Callable[[], float]
    now: Callable[[], str]
    keep: Callable[[str, str, Path | None], None] = forget


def take_in(
    submitted: Record,
    caller: Actor,
    ports: Ports,
    tell: Callable[[IntakeStep], None],
    log: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> Record:
    """Check an image whose blobs are in the store, and return the record of its release.

    The same image, or the same content in another one, is the release that there is already.
    Raises InvalidInput and StoreError for an image that is not right, and GateNotSatisfied for
    one with secrets in it or whose run fails.
    """
    return _Intake(Claim.read(submitted), caller, ports, tell, log, cancelled).run()


class _Intake:
    def __init__(
        self,
        claim: Claim,
        caller: Actor,
        ports: Ports,
        tell: Callable[[IntakeStep], None],
        log: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self._claim = claim
        self._caller = caller
        self._ports = ports
        self._tell = tell
        self._log = log
        self._cancelled = cancelled

    def run(self) -> Record:
        began = self._ports.monotonic()
        checked_name(self._claim.name)
        self._begin("image")
        self._whole()
        with self._ports.names.alone(self._claim.name):
            known = self._known(str(self._claim.digest))
            if known is not None:
                return known
        self._begin("contents")
        ports, digest = self._ports, self._claim.digest
        image = read_image(ports.layout, digest)
        inside = read_inside(ports.layout, image)
        said = annotations_of(ports.layout, digest)
        found = described(self._claim, image, said, inside, ports.runtime(), ports.file_limit)
        _stop_if_blocked(found)
        self._begin("run")
        verification = self._verified()
        self._begin("record")
        seconds = {"total": round(self._ports.monotonic() - began, 3)}
        record = {
            **found,
            "created": self._ports.now(),
            "author": self._caller.username,
            "account": self._caller.to_json(),
            "pusher": self._caller.to_json(),
            "findings": [*found["findings"], *(f.to_json() for f in verification.findings)],
            "verified": verification.to_json(),
            "checks": [dict(check) for check in verification.checks],
            "metrics": dict(verification.metrics),
            "isolation": verification.isolation,
            "seconds": seconds,
        }
        with self._ports.names.alone(self._claim.name):
            return self._add(record, image.manifest)

    def _begin(self, step: IntakeStep) -> None:
        if self._cancelled():
            raise Aborted("The submission was stopped.", advice="Nothing was changed.")
        self._tell(step)

    def _whole(self) -> None:
        """Raise when a part is missing or not what its digest says; a damaged one is removed."""
        layout, digest = self._ports.layout, self._claim.digest
        image = read_image(layout, digest)
        parts = (image.manifest, image.config, *(each.descriptor for each in image.layers))
        missing = [str(each.digest) for each in parts if not layout.claim(each)]
        if missing:
            raise StoreError(
                f"{len(missing)} of {len(parts)} parts of the image are not here.",
                advice="Send them, then submit again.",
                missing=missing,
            )
        problems = validate_image(layout, digest)
        if problems:
            for part in parts:
                self._heal(part)
            raise damaged(digest, f"{problems[0].where}: {problems[0].message}")

    def _heal(self, part: Descriptor) -> None:
        try:
            with self._ports.layout.open(part.digest, part.size) as stream:
                while stream.read(1 << 20):
                    pass
        except StoreError:
            self._ports.layout.discard(part.digest)

    def _known(self, digest: str) -> Record | None:
        """Return the release of these bytes, if there is one, pushed by the caller now."""
        known = self._ports.releases.by_digest(self._claim.name, digest)
        if known is None:
            return None
        record = {**known, "pusher": self._caller.to_json()}
        author = author_of(known)
        if self._claim.owner and author is not None and author.same_person(self._caller):
            record["owner"] = self._claim.owner
            if self._claim.schedule != known.get("schedule"):
                record["schedule"] = self._claim.schedule
        if record == known:
            return known
        return self._kept(record, self._kept_files(record))

    def _kept(self, record: Record, files: Mapping[str, bytes]) -> Record:
        """Keep a record, with evidence that is about it as it is now."""
        kept = records.with_release(record)
        if (kept.get("evidence") or {}).get("release") != kept["release"]:
            kept["evidence"] = dict(self._ports.attest(kept))
        self._ports.releases.put(kept, files)
        return kept

    def _kept_files(self, record: Record) -> Mapping[str, bytes]:
        kinds = record["pipeline"]["formats"]
        name, version = str(record["name"]), str(record["version"])
        kept = {kind: self._ports.releases.file(name, version, kind) for kind in kinds}
        return {kind: data for kind, data in kept.items() if data is not None}

    def _verified(self) -> Verification:
        if not self._ports.sealed():
            raise BackendError(
                "This service cannot keep a run apart from itself, so it takes in nothing.",
                advice="Who runs it: install bubblewrap; jupyter modelpack doctor says more.",
            )
        with self._ports.folders.one() as folder:
            order = RunOrder(
                self._claim.name, "", {}, False, folder, "intake",
                time_limit=self._ports.time_limit,
            )  # fmt: skip
            said: list[str] = []

            def heard(text: str) -> None:
                said.append(text)
                self._log(text)

            result = self._ports.runner.run(
                self._claim.digest, order, lambda _event: None, heard, self._cancelled
            )
            self._ports.keep(str(self._claim.digest), "".join(said), result.executed_notebook)
            verification = judge(result, network_allowed=False, reproduction=Reproduction())
        _stop_unless_passed(verification)
        return verification

    def _add(self, record: dict[str, Any], manifest: Descriptor) -> Record:
        name, line, releases = self._claim.name, self._claim.line, self._ports.releases
        known = self._known(record["digest"])
        parents = records.Parents(
            releases.newest(name, ""), releases.newest(name, line) if line else None
        )
        before = parents.on_line if line else parents.trunk
        if known is None and before is not None and _same_content(record, before):
            known = self._known(str(before["digest"]))
        if known is not None:
            return known
        made = records.with_version(record, parents, line)
        files, _ = self._ports.jobs.compile(made)
        made["pipeline"] = {
            "available": "kubeflow" in files,
            "formats": sorted(files),
            "digests": {kind: str(Digest.of(files[kind])) for kind in sorted(files)},
        }
        # The image has its name before the record exists, so that no record is without an image.
        self._ports.names.name(f"{name}:{made['version']}", manifest)
        return self._kept(made, files)


_CONTENT = ("content", "lock_digest", "parameters", "settings", "external")


def _same_content(record: Record, other: Record) -> bool:
    return all(record[key] == other.get(key) for key in _CONTENT)


def _stop_if_blocked(found: Record) -> None:
    blocking = [each for each in found["findings"] if each["severity"] == "blocking"]
    if blocking:
        first = blocking[0]
        place = f" (cell {first['cell']})" if first["cell"] else ""
        raise GateNotSatisfied(
            f"This package cannot become a release: {first['message']}{place}",
            advice=first["advice"],
            findings=list(found["findings"]),
        )


def _stop_unless_passed(verification: Verification) -> None:
    if verification.phase == "Succeeded":
        return
    if verification.phase == "Aborted":
        raise Aborted("The submission was stopped.", advice="Nothing was changed.")
    if verification.phase == "Errored":
        raise BackendError(verification.text, advice="Submit it again; the log says more.")
    failing = [f for f in verification.findings if f.severity == "blocking"]
    raise GateNotSatisfied(
        f"The release service ran the image, and it failed. {verification.text}",
        advice=failing[0].advice if failing else "",
        findings=[finding.to_json() for finding in verification.findings],
    )
