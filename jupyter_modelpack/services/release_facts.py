"""Finding out the facts that a gate looks at, from the image, its evidence, its record and runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import LOCK, annotations_of, read_image
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.validate import validate_image
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.attestation import Keys, Requirements
from jupyter_modelpack.release.environment import Slot
from jupyter_modelpack.release.facts import (
    Blobs,
    CellCheck,
    Contents,
    OwnerCard,
    Provenance,
    ReleaseFacts,
    Report,
    RunFact,
    Verification,
)
from jupyter_modelpack.release.provenance import BUILDERS, PREDICATE
from jupyter_modelpack.services.evidence import judge_evidence
from jupyter_modelpack.services.packaged_notebook import packaged_notebook

Record = Mapping[str, Any]
ALLOWED = "secret-allowed"  # the author marked it: see notebook.secrets
_FROM_EVIDENCE = ("provenance", "signature", "subject", "builder", "contents", "sbom")


class Ran(Protocol):
    """One run that was asked for."""

    @property
    def phase(self) -> str:
        """How it stands."""

    @property
    def started(self) -> float | None:
        """When it began, in seconds since 1970."""


class Runs(Protocol):
    """The runs of packages."""

    def __call__(self, name: str, version: str) -> Sequence[Ran]:
        """Return those of one package."""


def _nowhere(record: Record) -> Digest | None:
    return None


class FactFinder:
    """Finds out facts; what cannot be found out stays None and refuses."""

    def __init__(
        self,
        layout: Layout,
        keys: Callable[[], Keys],
        runs: Runs,
        now: Callable[[], datetime],
        published: Callable[[Record], Digest | None] = _nowhere,
    ) -> None:
        self._layout = layout
        self._keys = keys
        self._runs = runs
        self._now = now
        self._published = published

    def of(self, record: Record, slots: Mapping[str, Slot], *, quick: bool = False) -> ReleaseFacts:
        """Return the facts on a record's image; ``quick`` looks at sizes but reads no layers."""
        digest = Digest.parse(record["digest"])
        problems: dict[str, str] = {}
        author = author_of(record)
        provenance, contents, sbom = self._evidence(record, digest, problems)
        return ReleaseFacts(
            package=str(record["name"]),
            version=str(record["version"]),
            digest=digest,
            author=author,
            pusher=pusher_of(record),
            resolved=self._resolved(record, quick, problems),
            blobs=self._blobs(digest, quick, problems),
            provenance=provenance,
            contents=contents,
            sbom=sbom,
            secrets=_report(record, digest, secret=True),
            readiness=_report(record, digest, secret=False),
            verification=_verification(record, digest),
            runs=self._ran(record, digest, slots),
            owner=owner_of(record),
            problems=problems,
        )

    def _resolved(self, record: Record, quick: bool, problems: dict[str, str]) -> Digest | None:
        """Return what the release's name stands for, here and where it was published."""
        try:
            here = self._layout.resolve(f"{record['name']}:{record['version']}").digest
            there = None if quick else self._published(record)
            return here if there is None or here != record["digest"] else there
        except ModelPackError as error:
            problems["reference"] = error.message
            return None

    def _blobs(self, digest: Digest, quick: bool, problems: dict[str, str]) -> Blobs | None:
        try:
            image = read_image(self._layout, digest)
            parts = (image.config, *(layer.descriptor for layer in image.layers))
            sizes = all(self._size(each.digest) == each.size for each in parts)
            if quick:
                return Blobs(digest, sizes, None, None)
            found = validate_image(self._layout, digest)
        except ModelPackError as error:
            problems |= dict.fromkeys(("sizes", "digests", "diff_ids"), error.message)
            return None
        other = [each for each in found if "diff_id" in each.message]
        wrong = [each for each in found if each not in other]
        for code, listed in (("digests", wrong), ("diff_ids", other or wrong)):
            if listed:
                problems[code] = f"{listed[0].where}: {listed[0].message}"
        return Blobs(digest, sizes, sizes and not wrong, not found)

    def _size(self, digest: Digest) -> int:
        try:
            return self._layout.blob_path(digest).stat().st_size
        except OSError:
            return -1

    def _evidence(
        self, record: Record, digest: Digest, problems: dict[str, str]
    ) -> tuple[Provenance | None, Contents | None, Digest | None]:
        try:
            requirements = Requirements(frozenset(BUILDERS.values()))
            verdict = judge_evidence(record, self._layout, requirements, self._keys(), self._now())
            if verdict.accepted is None:
                problems |= dict.fromkeys(_FROM_EVIDENCE, verdict.sentence)
                return None, None, None
            lock = Digest.parse(annotations_of(self._layout, digest).get(LOCK))
            inside = Digest.of(packaged_notebook(self._layout, record))
        except ModelPackError as error:
            problems |= dict.fromkeys(_FROM_EVIDENCE, error.message)
            return None, None, None
        words = {uri: word for word, uri in BUILDERS.items()}
        builder = words.get(verdict.accepted.builder, verdict.accepted.builder)
        # The judgement bound the statement to the notebook and the lock that the record names.
        said, locked = (
            Digest.parse(record["content"]["notebook"]),
            Digest.parse(record["lock_digest"]),
        )
        provenance = Provenance(PREDICATE, digest, builder, said, locked, True)
        return provenance, Contents(digest, inside, lock), digest

    def _ran(
        self, record: Record, digest: Digest, slots: Mapping[str, Slot]
    ) -> tuple[RunFact, ...] | None:
        try:
            runs = self._runs(str(record["name"]), str(record["version"]))
        except ModelPackError:
            return None
        # On one machine, a run belongs to the environments that held these bytes when it began.
        return tuple(
            RunFact(digest, place, run.phase == "Succeeded")
            for place, slot in slots.items()
            if slot.pointer is not None and slot.digest == digest
            for run in runs
            if run.phase in ("Succeeded", "Failed", "Errored")
            and run.started is not None
            and run.started >= slot.pointer.since.timestamp()
        )


def author_of(record: Record) -> Actor | None:
    """Return who packaged it, or None when the record does not say.

    Only a release service records an ``account``; a name alone is an unverified identity.
    """
    account = record.get("account")
    if account:
        return Actor.from_json(account)
    name = str(record.get("author") or "").strip()
    return Actor("jupyter", name) if name else None


def pusher_of(record: Record) -> Actor | None:
    """Return who sent its bytes last; where nobody did, that is who packaged it."""
    pusher = record.get("pusher")
    return Actor.from_json(pusher) if pusher else author_of(record)


def owner_of(record: Record) -> OwnerCard | None:
    """Return who answers for the release, or None when nobody is named."""
    card = record.get("owner")
    return OwnerCard(card["name"], card["contact"], card["runbook"]) if card else None


def metrics_of(record: Record) -> dict[str, float | int]:
    """Return the metrics that are numbers."""
    return {
        name: value
        for name, value in record["metrics"].items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def marked_in(record: Record) -> int:
    """Return how many findings are secrets that the author marked as none."""
    return sum(finding["code"] == ALLOWED for finding in record["findings"])


def _report(record: Record, digest: Digest, *, secret: bool) -> Report:
    blocking = sum(
        finding["severity"] == "blocking" and ("secret" in finding["code"]) is secret
        for finding in record["findings"]
    )
    return Report(digest, blocking, marked_in(record) if secret else 0)


def _verification(record: Record, digest: Digest) -> Verification | None:
    verified = record["verified"]
    if verified["phase"] not in ("Succeeded", "Failed"):
        return None
    checks = tuple(
        CellCheck(int(each["cell"]), each["passed"] is True, str(each["message"]))
        for each in record["checks"]
    )
    return Verification(
        digest,
        verified["phase"] == "Succeeded",
        verified["sealed"] is True,
        verified.get("reproduction") == "reproduced" or None,
        checks,
        metrics_of(record),
    )
