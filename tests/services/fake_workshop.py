"""Packaging's ports, in memory: what each of them does can be set by a test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.snapshot import Snapshot, take_snapshot
from jupyter_modelpack.oci.descriptor import MANIFEST, Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.services.assembly import Assembled, Collected
from jupyter_modelpack.services.inspecting import Inspected
from jupyter_modelpack.services.packaging_ports import Ports
from jupyter_modelpack.services.packaging_types import PackageRequest, StepReport
from jupyter_modelpack.services.verification import Verification

NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "code", "id": "a", "metadata": {}, "source": "x = 1",
             "execution_count": 1, "outputs": []}
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
).encode()  # fmt: skip
PASSED = Verification("Succeeded", True, "Ran sealed.")


@dataclass
class Recorder:
    """Keeps what was reported."""

    steps: list[StepReport] = field(default_factory=list)
    found: tuple[Finding, ...] = ()

    def step(self, report: StepReport) -> None:
        self.steps.append(report)

    def findings(self, findings: tuple[Finding, ...]) -> None:
        self.found = findings

    def log(self, text: str) -> None:
        pass

    @property
    def phases(self) -> dict[str, str]:
        return {report.name: report.phase for report in self.steps}


@dataclass
class FakeReleases:
    """Records in a list."""

    kept: list[dict[str, Any]] = field(default_factory=list)

    def newest(self, name: str, line: str | None = None) -> Mapping[str, Any] | None:
        return next(
            (r for r in reversed(self.kept) if line is None or r.get("line", "") == line), None
        )

    def by_digest(self, name: str, digest: str) -> Mapping[str, Any] | None:
        return next((r for r in self.kept if r["digest"] == digest), None)

    def put(self, record: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        self.kept = [r for r in self.kept if r["digest"] != record["digest"]] + [dict(record)]


@dataclass
class FakeWorkshop:
    """All ports at once; ``content`` stands for what is in the image."""

    content: str = "one"
    findings: tuple[Finding, ...] = ()
    collected_findings: tuple[Finding, ...] = ()
    verdicts: list[tuple[Verification, tuple[str, ...]] | Exception] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    kernel_modules: frozenset[str] = frozenset()
    job_hint: str = ""
    releases: FakeReleases = field(default_factory=FakeReleases)
    named: dict[str, Digest] = field(default_factory=dict)
    collected: list[tuple[str, ...]] = field(default_factory=list)
    compiled: list[str] = field(default_factory=list)
    attested: list[str] = field(default_factory=list)
    evidence_error: Exception | None = None
    described: dict[str, Any] = field(default_factory=dict)
    clock: float = 0.0

    # Inspector
    def snapshot(self, path: str) -> Snapshot:
        return take_snapshot(lambda: NOTEBOOK, path)

    def kernel(self, snapshot: Snapshot, cancelled: Callable[[], bool]) -> Any:
        return SimpleNamespace(name="python3", facts=self)

    def missing(self, module: str) -> bool:
        return module not in self.kernel_modules

    def inspect(self, snapshot: Snapshot, kernel: Any, request: PackageRequest) -> Inspected:
        inspection = SimpleNamespace(findings=self.findings)
        return Inspected(snapshot, kernel, cast(Any, inspection), "/somewhere")

    # Contained and Assembly
    def of(self, inspected: Inspected, request: Any, extra: tuple[str, ...]) -> Any:
        self.collected.append(tuple(extra))
        return inspected

    def collect(self, contents: Any, cancelled: Any) -> Collected:
        return cast(
            Collected,
            SimpleNamespace(
                contents=contents, findings=self.collected_findings, sentence="Python 3.11.7"
            ),
        )

    def write(self, collected: Any, *_: Any) -> Assembled:
        content = self.content + "".join(self.collected[-1])
        record = {
            "schema": 1,
            "name": "churn",
            "digest": Digest.of(content.encode()),
            "parameters": [],
            "distributions": [],
            "external": [],
            "reused_layers": 0,
            **self.described,
            "content": {"cells": [content], "code": "", "data": "", "python": "3.11.7"},
        }
        image = Descriptor(MANIFEST, Digest.of(content.encode()), len(content))
        return Assembled("churn", image, (), collected.contents, record)

    def discard(self, digest: str) -> None:
        self.discarded.append(digest)

    # Verifier
    def verify(self, assembled: Any, request: Any, step: Any, log: Any, cancelled: Any) -> Any:
        verdict = self.verdicts.pop(0) if self.verdicts else (PASSED, ())
        if isinstance(verdict, Exception):
            raise verdict
        return verdict

    # Jobs
    def compile(self, record: Mapping[str, Any]) -> tuple[Mapping[str, bytes], str]:
        self.compiled.append(f"{record['version']} {record['digest'][7:13]}")
        return {"kubernetes": b"job"}, self.job_hint

    # Names
    @contextmanager
    def alone(self, package: str) -> Iterator[None]:
        yield

    def name(self, name: str, manifest: Descriptor) -> None:
        self.named[name] = manifest.digest

    # Attestor
    def attest(self, record: Mapping[str, Any], request: PackageRequest) -> Mapping[str, str]:
        assert f"{record['name']}:{record['version']}" in self.named, "evidence before its image"
        if self.evidence_error is not None:
            raise self.evidence_error
        self.attested.append(f"{record['name']}:{record['version']}")
        made = {"provenance": "sha256:1", "sbom": "sha256:2", "key": "3"}
        return {**made, "release": str(record["release"])}

    def monotonic(self) -> float:
        self.clock += 0.25
        return self.clock

    def ports(self) -> Ports:
        me = cast(Any, self)
        return Ports(
            inspector=me,
            contained=me,
            assembly=me,
            verifier=me,
            jobs=me,
            releases=self.releases,
            names=me,
            evidence=me,
            monotonic=self.monotonic,
            now=lambda: "2026-11-23T09:00:00Z",
        )


def failed(text: str, code: str = "run-failed") -> Verification:
    finding = Finding(code, "blocking", text, cell=1, advice="Mend it.")
    return replace(PASSED, phase="Failed", sealed=True, text=text, findings=(finding,))
