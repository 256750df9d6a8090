"""Judging attestations: is there a signed statement that this very image was built as it should be?

Everything is bound to one digest. An image about which nothing is said is refused, and so is
whatever cannot be understood; an attestation that is no good does not spoil a good one beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.envelope import STATEMENT_TYPE, Envelope
from jupyter_modelpack.release.plain_json import parse
from jupyter_modelpack.release.provenance import (
    BUILD_TYPE,
    LOCK,
    PREDICATE,
    SBOM,
    SEALED,
    STATEMENT,
    moment,
)

CLOCKS_DIFFER = timedelta(minutes=5)
_PARAMETERS = {"notebook", "name", "options"}
_OPTIONS: Mapping[str, type] = {
    "compression": str,
    "network": bool,
    "settings": list,
    "live_modules": list,
}


class Keys(Protocol):
    """The public keys that are trusted."""

    def signer(self, hint: str, message: bytes, signature: bytes) -> str | None:
        """Return the id of the trusted key that made the signature, or None."""


@dataclass(frozen=True)
class Expected:
    """What the image, its record and its bill of materials themselves say.

    ``notebook`` is the file as it was saved, ``sealed`` as it is in the image, ``release`` what the
    record says of the whole release.
    """

    image: Digest
    name: str
    notebook: Digest
    sealed: Digest
    lock: Digest
    sbom: Digest
    release: Digest


@dataclass(frozen=True)
class Requirements:
    """What an attestation must say to count; no builders means that none is allowed."""

    builders: frozenset[str]
    network: bool = True
    longest: timedelta | None = None


@dataclass(frozen=True)
class Accepted:
    """A good attestation: the key that signed it, the builder, and when the build ended."""

    key: str
    builder: str
    finished: datetime


@dataclass(frozen=True)
class Refusal:
    """Why one attestation does not count: the rule's name, and a sentence."""

    rule: str
    message: str


@dataclass(frozen=True)
class Verdict:
    """The answer: what was accepted, if anything, and why the others were not."""

    accepted: Accepted | None
    refusals: tuple[Refusal, ...]

    @property
    def sentence(self) -> str:
        """Say it in one sentence."""
        if self.accepted is not None:
            return f"Signed by key {self.accepted.key[:12]}, built by {self.accepted.builder}."
        return self.refusals[0].message


class _Refused(Exception):
    def __init__(self, rule: str, message: str) -> None:
        self.refusal = Refusal(rule, message)


def judge(
    attestations: Iterable[bytes],
    expected: Expected,
    requirements: Requirements,
    keys: Keys,
    now: datetime,
) -> Verdict:
    """Return whether one of the attestations is all that is required; never raises."""
    refusals: list[Refusal] = []
    for data in attestations:
        found = _judged(data, expected, requirements, keys, now)
        if isinstance(found, Accepted):
            return Verdict(found, tuple(refusals))
        refusals.append(found)
    nothing = Refusal("none", "No provenance of this image is there.")
    return Verdict(None, tuple(refusals) or (nothing,))


def _judged(
    data: bytes, expected: Expected, requirements: Requirements, keys: Keys, now: datetime
) -> Accepted | Refusal:
    try:
        return _accepted(data, expected, requirements, keys, now)
    except _Refused as refused:
        return refused.refusal


def _accepted(
    data: bytes, expected: Expected, requirements: Requirements, keys: Keys, now: datetime
) -> Accepted:
    key, statement = _signed(data, keys)
    _about(statement, expected)
    predicate = _object(statement, "predicate")
    definition, details = _object(predicate, "buildDefinition"), _object(predicate, "runDetails")
    _kind(definition)
    builder = _builder(details, requirements)
    _parameters(_object(definition, "externalParameters"), expected, requirements)
    _dependencies(definition)
    _byproducts(details, expected)
    metadata = _object(details, "metadata")
    if metadata.get("invocationId") != str(expected.release):
        raise _Refused("release", "The release's record is not the one that was signed.")
    return Accepted(key, builder, _time(metadata, requirements, now))


def _signed(data: bytes, keys: Keys) -> tuple[str, dict[str, Any]]:
    try:
        envelope = Envelope.parse(data)
    except InvalidInput as error:
        raise _Refused("envelope", f"The attestation cannot be read. {error.message}") from error
    if envelope.payload_type != STATEMENT_TYPE:
        raise _Refused("payload-type", "What is signed is not an in-toto statement.")
    signers = (keys.signer(each.key, envelope.message, each.value) for each in envelope.signatures)
    key = next((each for each in signers if each is not None), None)
    if key is None:
        raise _Refused("signature", "No key that is trusted here signed the provenance.")
    try:
        return key, parse(envelope.payload)
    except InvalidInput as error:
        raise _Refused("statement", f"The statement cannot be read. {error.message}") from error


def _about(statement: Mapping[str, Any], expected: Expected) -> None:
    if statement.get("_type") != STATEMENT:
        raise _Refused("statement-type", "This version of in-toto's statement is not known.")
    if statement.get("predicateType") != PREDICATE:
        raise _Refused("predicate-type", "The statement is not SLSA provenance, version 1.")
    subjects = statement.get("subject")
    if not isinstance(subjects, list) or len(subjects) != 1:
        raise _Refused("subjects", "The provenance must be about one image and nothing else.")
    if _sha256(subjects[0], "subject") != expected.image:
        raise _Refused("subject", "The provenance is about another image.")


def _kind(definition: Mapping[str, Any]) -> None:
    if definition.get("buildType") != BUILD_TYPE:
        raise _Refused("build-type", "The image was not built from a notebook in a known way.")


def _builder(details: Mapping[str, Any], requirements: Requirements) -> str:
    builder = _object(details, "builder").get("id")
    if not isinstance(builder, str) or builder not in requirements.builders:
        raise _Refused("builder", f"The builder {builder!r:.120} is not allowed.")
    return builder


def _parameters(
    parameters: Mapping[str, Any], expected: Expected, requirements: Requirements
) -> None:
    unknown = sorted({*parameters} - _PARAMETERS)
    if unknown:
        raise _Refused("parameters", f"The build was given something unknown: {unknown[0]!r:.60}.")
    if _sha256(parameters.get("notebook"), "notebook") != expected.notebook:
        raise _Refused("notebook", "The image was built from another notebook.")
    if parameters.get("name") != expected.name:
        raise _Refused("name", "The provenance is about a package of another name.")
    _options(_object(parameters, "options"), requirements)


def _options(options: Mapping[str, Any], requirements: Requirements) -> None:
    unknown = sorted({*options} - set(_OPTIONS))
    if unknown:
        raise _Refused("options", f"The build was given an unknown option: {unknown[0]!r:.60}.")
    for name, kind in _OPTIONS.items():
        value = options.get(name)
        texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if not isinstance(value, kind) or (kind is list and not texts):
            raise _Refused("options", f"The option {name} is missing or not what it should be.")
    if options["network"] and not requirements.network:
        raise _Refused("network", "The image was verified with a network, which is not allowed.")


def _dependencies(definition: Mapping[str, Any]) -> None:
    found = definition.get("resolvedDependencies")
    if not isinstance(found, list) or not found:
        raise _Refused("dependencies", "The provenance does not say what the image is made of.")
    for each in found:
        _sha256(each, "dependencies")


def _byproducts(details: Mapping[str, Any], expected: Expected) -> None:
    listed = details.get("byproducts")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise _Refused("byproducts", "The provenance does not name lock, notebook and SBOM.")
    rules = (
        ("lock", LOCK, expected.lock, "The packages in the image are not those of the build."),
        ("sealed", SEALED, expected.sealed, "The notebook in the image is not that of the build."),
        ("sbom", SBOM, expected.sbom, "The bill of materials is not that of the build."),
    )
    for rule, name, digest, message in rules:
        named = [each for each in listed if each.get("name") == name]
        if len(named) != 1 or _sha256(named[0], rule) != digest:
            raise _Refused(rule, message)


def _time(metadata: Mapping[str, Any], requirements: Requirements, now: datetime) -> datetime:
    try:
        started, finished = moment(metadata.get("startedOn")), moment(metadata.get("finishedOn"))
    except InvalidInput as error:
        raise _Refused("time", f"The provenance has no times. {error.message}") from error
    if not started <= finished <= now + CLOCKS_DIFFER:
        raise _Refused("time", "The build's times cannot be right; is a clock wrong?")
    if requirements.longest is not None and now - finished > requirements.longest:
        raise _Refused("expired", "The build is too long ago.")
    return finished


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    if not isinstance(found, dict):
        raise _Refused("shape", f"The provenance lacks its {key}.")
    return found


def _sha256(value: Any, rule: str) -> Digest:
    digests = value.get("digest") if isinstance(value, dict) else None
    text = digests.get("sha256") if isinstance(digests, dict) else None
    try:
        return Digest(f"sha256:{text}")
    except InvalidInput:
        raise _Refused(rule, "The provenance names something without its sha256 digest.") from None
