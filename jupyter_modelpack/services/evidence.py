"""Evidence: signed provenance and a bill of materials beside each image, and judging them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from jupyter_modelpack.errors import InvalidInput, ModelPackError
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import LOCK, NOTEBOOK, annotations_of
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.referrer import (
    Artifact,
    Referrer,
    read_file,
    referrers,
    write_referrers,
)
from jupyter_modelpack.release import sbom as materials
from jupyter_modelpack.release.attestation import (
    Expected,
    Keys,
    Refusal,
    Requirements,
    Verdict,
    judge,
)
from jupyter_modelpack.release.envelope import STATEMENT_TYPE, Envelope
from jupyter_modelpack.release.plain_json import render
from jupyter_modelpack.release.provenance import PREDICATE, Builder, Options, provenance
from jupyter_modelpack.services.record import canonical, release_record

STATEMENT = STATEMENT_TYPE
STATEMENT_FILE = "application/vnd.in-toto.provenance+dsse"
SBOM = "application/vnd.cyclonedx+json"
RELEASE = "application/vnd.jupyter-modelpack.release+json"
_CREATED = "org.opencontainers.image.created"


class Signs(Protocol):
    """Signs with one key."""

    @property
    def key_id(self) -> str:
        """The id of the key."""

    def sign(self, payload_type: str, payload: bytes) -> Envelope:
        """Return the payload in an envelope with a signature."""


def attest(
    record: Mapping[str, Any], options: Options, layout: Layout, signer: Signs, builder: Builder
) -> dict[str, str]:
    """Write evidence beside a record's image, and return what the record keeps of it.

    That is the digests of the three referrers (provenance, bill of materials, the release itself),
    the digest of the release, and the id of the key. The same record, options and key give the
    same bytes. Raises ModelPackError when there is no image or no room.
    """
    image = Digest.parse(record["digest"])
    bill = render(materials.sbom(record, builder.version))
    _, sealed = _said_by(layout, image)
    statement = provenance(record, options, builder, sealed=sealed, sbom=Digest.of(bill))
    envelope = signer.sign(STATEMENT_TYPE, render(statement))
    created = {_CREATED: str(record["created"])}
    predicate = {"in-toto.io/predicate-type": PREDICATE}
    signed, listed, kept = write_referrers(
        layout,
        image,
        [
            Artifact(STATEMENT, envelope.to_bytes(), STATEMENT_FILE, created | predicate),
            Artifact(SBOM, bill, SBOM, created),
            Artifact(RELEASE, release_record(record), RELEASE, created),
        ],
    )
    return {
        "provenance": str(signed.manifest.digest),
        "sbom": str(listed.manifest.digest),
        "record": str(kept.manifest.digest),
        "release": str(kept.file.digest),
        "key": signer.key_id,
    }


def judge_evidence(
    record: Mapping[str, Any],
    layout: Layout,
    requirements: Requirements,
    keys: Keys,
    now: datetime,
) -> Verdict:
    """Return whether the evidence beside a record's image is good; what cannot be read is not."""
    try:
        image = Digest.parse(record["digest"])
        beside = referrers(layout, image)
        expected = _expected(record, layout, image, beside)
        statements = [read_file(layout, each) for each in beside if each.artifact_type == STATEMENT]
    except ModelPackError as error:
        return Verdict(None, (Refusal("unreadable", error.message),))
    return judge(statements, expected, requirements, keys, now)


def _expected(
    record: Mapping[str, Any], layout: Layout, image: Digest, beside: tuple[Referrer, ...]
) -> Expected:
    lock, sealed = _said_by(layout, image)
    if Digest.of(canonical(record["lock"]) + b"\n") != lock:
        raise InvalidInput("The record's packages are not those of the image.", field="lock")
    recorded = (record.get("evidence") or {}).get("sbom")
    bills = [each for each in beside if each.manifest.digest == recorded]
    if not bills or materials.subject_of(read_file(layout, bills[0])) != image:
        raise InvalidInput("There is no bill of materials of this image.", field="sbom")
    return Expected(
        image=image,
        name=str(record["name"]),
        notebook=Digest.parse(record["notebook_digest"]),
        sealed=sealed,
        lock=lock,
        sbom=bills[0].file.digest,
        release=Digest.of(release_record(record)),
    )


def _said_by(layout: Layout, image: Digest) -> tuple[Digest, Digest]:
    """Return the digests of the lock and of the sealed notebook that the image itself names."""
    said = annotations_of(layout, image)
    return Digest.parse(said.get(LOCK)), Digest.parse(said.get(NOTEBOOK))
