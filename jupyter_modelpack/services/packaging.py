"""Packaging: from the open notebook to a sealed image that has run, and its job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from jupyter_modelpack.errors import (
    Aborted,
    BackendError,
    GateNotSatisfied,
    ModelPackError,
    StoreError,
)
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.snapshot import Snapshot
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.services import record as records
from jupyter_modelpack.services.assembly import Assembled
from jupyter_modelpack.services.inspecting import Inspected
from jupyter_modelpack.services.packaging_ports import Ports
from jupyter_modelpack.services.packaging_types import (
    PackageRequest,
    PackageResult,
    Progress,
)
from jupyter_modelpack.services.publishing import (
    UNPUBLISHED,
    PublishStep,
)
from jupyter_modelpack.services.steps import Steps
from jupyter_modelpack.services.verification import SKIPPED, Verification, with_foreseen

MOST_REBUILDS = 5


@dataclass(frozen=True)
class Compiled:
    """Files for a cluster, the image and version that they name, and the seconds that it took."""

    stamp: tuple[str, str]
    files: Mapping[str, bytes]
    hint: str
    seconds: float


def package(
    request: PackageRequest,
    ports: Ports,
    progress: Progress,
    cancelled: Callable[[], bool] = lambda: False,
) -> PackageResult:
    """Package a notebook; the same content is the same release and makes no new one.

    Raises GateNotSatisfied when a finding blocks or the sealed run fails, InvalidInput for what
    cannot be packaged, Aborted when ``cancelled`` says so. What existed before stays as it was.
    """
    try:
        return _Packaging(request, ports, progress, cancelled).run()
    except Aborted as error:
        raise Aborted("Packaging was stopped.", advice="Nothing was changed.") from error


class _Packaging:
    def __init__(
        self,
        request: PackageRequest,
        ports: Ports,
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> None:
        self._request = request
        self._ports = ports
        self._progress = progress
        self._cancelled = cancelled
        self._steps = Steps(progress, cancelled, ports.monotonic)
        self._healed: set[str] = set()
        self._findings: dict[tuple[object, ...], Finding] = {}
        self._publishing = PublishStep(
            ports.publisher, self._steps, self._found, ports.now, cancelled
        )

    def run(self) -> PackageResult:
        snapshot = self._read()
        inspected = self._inspect(snapshot)
        with ThreadPoolExecutor(1, "job") as pool:
            assembled = self._assemble(inspected, ())
            # The image's digest is all that a job needs, so it is compiled while the image runs.
            job = pool.submit(self._compile, assembled)
            verification, assembled = self._verify(inspected, assembled)
            self._publishing.upload(assembled.record)
            self._steps.check()
            made = self._published(self._release(inspected, assembled, verification, job))
        self._send(made)
        return made

    def _send(self, made: PackageResult) -> None:
        """Send the package to the team's service; when that is away, the package is still made."""
        team = self._ports.team
        if team is None or not self._request.verify:
            return
        with self._steps.running("publish") as step:
            try:
                there = team.publish(made.record, step.tell, self._cancelled)
            except Aborted:
                raise
            except ModelPackError as error:
                step.tell(f"not published: {error.message}")
                step.phase = "Failed"
                self._found((_unpublished(error),))
                return
            step.tell(f"{there.sent}; {made.name} {there.version} at the release service")

    def _published(self, released: tuple[PackageResult, Mapping[str, bytes]]) -> PackageResult:
        """Name the image in the registry by the version that its release was given."""
        result, files = released
        record = self._publishing.name(result.record)
        if record == result.record:
            return result
        record |= {"seconds": self._steps.total()}
        self._ports.releases.put(record, files)
        return replace(result, record=record)

    def _read(self) -> Snapshot:
        with self._steps.running("read") as step:
            snapshot = self._ports.inspector.snapshot(self._request.path)
            step.tell(f"{len(snapshot.cells)} cell{'s' if len(snapshot.cells) != 1 else ''}")
            return snapshot

    def _inspect(self, snapshot: Snapshot) -> Inspected:
        with self._steps.running("inspect") as step:
            kernel = self._ports.inspector.kernel(snapshot, self._cancelled)
            inspected = self._ports.inspector.inspect(snapshot, kernel, self._request)
            self._found(inspected.findings)
            step.tell(_counted(inspected.findings))
            self._stop_if_blocked("This notebook cannot be packaged yet")
            return inspected

    def _assemble(self, inspected: Inspected, extra: tuple[str, ...]) -> Assembled:
        with self._steps.running("environment") as step:
            contents = self._ports.contained.of(inspected, self._request, extra)
            collected = self._ports.assembly.collect(contents, self._cancelled)
            self._found(collected.findings)
            step.tell(collected.sentence)
            self._stop_if_blocked("This notebook's environment cannot be packaged")
        with self._steps.running("image") as step:
            assembled = self._ports.assembly.write(
                collected, self._request, step.tell, self._cancelled
            )
            reused = sum(layer.reused for layer in assembled.layers)
            count = len(assembled.layers)
            there = f"{reused} of {count} layers were there already" if reused else ""
            step.tell(there or f"{count} layers")
            return assembled

    def _verify(self, inspected: Inspected, assembled: Assembled) -> tuple[Verification, Assembled]:
        if not self._request.verify:
            self._steps.skip("verify", "you asked for that")
            return SKIPPED, assembled
        added: tuple[str, ...] = ()
        for _ in range(MOST_REBUILDS):
            verification, new = self._run(inspected, assembled, added)
            if verification is not None and not new:
                break
            added += new
            self._found(_added(new))
            assembled = self._assemble(inspected, added)
        if verification is None:
            raise BackendError("The image was damaged while it was made.", advice="Try it again.")
        self._stop_unless_passed(verification)
        return verification, assembled

    def _run(
        self, inspected: Inspected, assembled: Assembled, added: tuple[str, ...]
    ) -> tuple[Verification | None, tuple[str, ...]]:
        """Run the image once; return the verdict and the modules to add before another run.

        There is no verdict when a part of the store turned out damaged and has to be made anew.
        """
        with self._steps.running("verify") as step:
            try:
                verification, missing = self._ports.verifier.verify(
                    assembled, self._request, step, self._progress.log, self._cancelled
                )
            except StoreError as error:
                damaged = str(error.details.get("digest", ""))
                if not damaged or damaged in self._healed:
                    raise
                self._healed.add(damaged)
                self._ports.assembly.discard(damaged)
                step.tell("a damaged part of the store is made anew")
                return None, ()
            facts = inspected.facts
            new = tuple(m for m in missing if m not in added and not facts.missing(m))
            if new and verification.phase != "Succeeded":
                step.tell(f"the image lacks {', '.join(new)}; it is added")
                return verification, new
            verification = with_foreseen(verification, inspected.findings)
            self._found(verification.findings)
            step.tell(verification.brief or verification.text)
            step.phase = verification.phase
            return verification, ()

    def _stop_unless_passed(self, verification: Verification) -> None:
        if verification.phase == "Succeeded":
            return
        if verification.phase == "Aborted":
            raise Aborted("The run was stopped.")
        if verification.phase == "Errored":
            raise BackendError(verification.text, advice="Try it again; the log says more.")
        failing = [f for f in verification.findings if f.severity == "blocking"]
        raise GateNotSatisfied(
            verification.text,
            advice=failing[0].advice if failing else "",
            findings=[finding.to_json() for finding in self._all_findings()],
        )

    def _compile(self, assembled: Assembled) -> Compiled:
        began = self._ports.monotonic()
        record = self._versioned(assembled, assembled.record)
        files, hint = self._ports.jobs.compile(record)
        stamp = (assembled.digest, str(record["version"]))
        return Compiled(stamp, files, hint, self._ports.monotonic() - began)

    def _versioned(self, assembled: Assembled, record: Mapping[str, Any]) -> Mapping[str, Any]:
        made = self._ports.releases.by_digest(assembled.name, assembled.digest)
        return made or self._next(record)

    def _next(self, record: Mapping[str, Any]) -> dict[str, Any]:
        name, line, releases = str(record["name"]), self._request.line, self._ports.releases
        parents = records.Parents(
            releases.newest(name, ""), releases.newest(name, line) if line else None
        )
        return records.with_version(record, parents, line)

    def _job(self, assembled: Assembled, job: Future[Compiled]) -> Mapping[str, bytes]:
        with self._steps.running("job") as step:
            compiled = job.result()
            version = str(self._versioned(assembled, assembled.record)["version"])
            if compiled.stamp != (assembled.digest, version):
                compiled = self._compile(assembled)
            step.tell(compiled.hint or "pipeline and job, by digest")
            if compiled.hint:
                step.phase = "Skipped"
        self._steps.seconds["job"] = round(compiled.seconds, 3)
        return compiled.files

    def _release(
        self,
        inspected: Inspected,
        assembled: Assembled,
        verification: Verification,
        job: Future[Compiled],
    ) -> tuple[PackageResult, Mapping[str, bytes]]:
        files = self._job(assembled, job)
        seconds = self._steps.total()
        described = {
            **assembled.record,
            "path": self._request.path,
            "created": self._ports.now(),
            "author": self._request.requested_by,
            "commit": self._request.commit,
            "findings": [f.to_json() for f in self._all_findings() if f.code != UNPUBLISHED],
            "verified": verification.to_json(),
            "checks": [dict(check) for check in verification.checks],
            "metrics": dict(verification.metrics),
            "isolation": verification.isolation,
            "inputs": [dict(each) for each in verification.inputs],
            "pipeline": {
                "available": "kubeflow" in files,
                "formats": sorted(files),
                "digests": {kind: str(Digest.of(files[kind])) for kind in sorted(files)},
            },
            "seconds": seconds,
        }
        with self._ports.names.alone(assembled.name):
            return self._add(assembled, described, files), files

    def _add(
        self, assembled: Assembled, described: dict[str, Any], files: Mapping[str, bytes]
    ) -> PackageResult:
        name, releases = assembled.name, self._ports.releases
        made = releases.by_digest(name, assembled.digest)
        if made is not None:
            record = {**made, **{key: described.get(key) for key in _REFRESHED}}
            if described["verified"]["phase"] == "Succeeded":
                record |= {key: described[key] for key in _PROVED}
        else:
            record = self._next(described)
        # The image has its name before the record exists, so that no record is without an image.
        self._ports.names.name(f"{name}:{record['version']}", assembled.image)
        record = self._with_evidence(record)
        releases.put(record, files)
        version = str(record["version"])
        return PackageResult(
            name, version, assembled.image.digest, record, unchanged=made is not None
        )

    def _with_evidence(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return the record with evidence that the image has run, unless it has some already."""
        record = records.with_release(record)
        evidence = record.get("evidence")
        if not self._request.verify or (evidence and evidence.get("release") == record["release"]):
            return {"evidence": None, **record}
        try:
            return {**record, "evidence": dict(self._ports.evidence.attest(record, self._request))}
        except Exception as error:  # whatever it is, it must not cost the package
            self._found((_unsigned(error),))
            findings = [finding.to_json() for finding in self._all_findings()]
            return {**record, "evidence": None, "findings": findings}

    def _found(self, findings: tuple[Finding, ...]) -> None:
        for finding in findings:
            self._findings.setdefault(_about(finding), finding)
        self._progress.findings(self._all_findings())

    def _all_findings(self) -> tuple[Finding, ...]:
        return tuple(sorted(self._findings.values(), key=Finding.sort_key))

    def _stop_if_blocked(self, opening: str) -> None:
        blocking = [f for f in self._all_findings() if f.severity == "blocking"]
        if not blocking:
            return
        first = blocking[0]
        place = f" (cell {first.cell})" if first.cell else ""
        raise GateNotSatisfied(
            f"{opening}: {first.message}{place}",
            advice=first.advice,
            findings=[finding.to_json() for finding in self._all_findings()],
        )


_REFRESHED = ("seconds", "reused_layers", "owner", "schedule")
_PROVED = ("verified", "checks", "metrics", "isolation", "findings", "inputs")


def _about(finding: Finding) -> tuple[object, ...]:
    """Return what makes a finding another one: reading and running may find the same thing."""
    place = finding.details.get("path")
    if place is not None:
        return (finding.code, finding.cell, place, "secret" in finding.code and finding.message)
    return (finding.code, finding.cell, finding.line, finding.message)


def _unpublished(error: ModelPackError) -> Finding:
    return Finding(
        "not-published",
        "warning",
        f"The package is made, but not published: {error.message}",
        advice=f"{error.advice} Asking for a promotion publishes it, too.".strip(),
    )


def _unsigned(error: Exception) -> Finding:
    advice = error.advice if isinstance(error, ModelPackError) else ""
    reason = error.message if isinstance(error, ModelPackError) else repr(error)
    return Finding(
        "evidence-missing",
        "warning",
        f"The package is made, but not signed: {reason}",
        advice=f"{advice} Then package again.".strip(),
    )


def _added(modules: tuple[str, ...]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            "module-added",
            "note",
            f"The run needed {module}, which no import names; it was added.",
            advice=f"Import {module} in a cell to say so in the notebook.",
            details={"module": module},
        )
        for module in modules
    )


def _counted(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return "nothing in the way"
    words = {"blocking": "stops it", "warning": "to look at", "note": "noted"}
    counts = {kind: sum(f.severity == kind for f in findings) for kind in words}
    return ", ".join(f"{count} {words[kind]}" for kind, count in counts.items() if count)
