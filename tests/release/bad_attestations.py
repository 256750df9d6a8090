"""Attestations that are no evidence, each for one reason, and the rule that says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.envelope import STATEMENT_TYPE, Envelope, Signature, encode
from jupyter_modelpack.release.plain_json import render
from jupyter_modelpack.release.provenance import NOTEBOOK_SERVER
from tests.release.evidence_case import Case, key

OURS, THEIRS = key(1), key(2)
OTHER = Digest.of(b"other").hex
Change = Callable[[dict[str, Any]], object]


def signed(statement: Any) -> bytes:
    payload = statement if isinstance(statement, bytes) else render(statement)
    return OURS.sign(STATEMENT_TYPE, payload).to_bytes()


def definition(s: dict[str, Any]) -> dict[str, Any]:
    return s["predicate"]["buildDefinition"]


def details(s: dict[str, Any]) -> dict[str, Any]:
    return s["predicate"]["runDetails"]


def parameters(s: dict[str, Any]) -> dict[str, Any]:
    return definition(s)["externalParameters"]


def put(place: Callable[[dict[str, Any]], Any], name: Any, value: Any) -> Change:
    return lambda s: place(s).__setitem__(name, value)


def drop(place: Callable[[dict[str, Any]], Any], name: Any) -> Change:
    return lambda s: place(s).pop(name)


def byproduct(number: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda s: details(s)["byproducts"][number]


def whole(s: dict[str, Any]) -> dict[str, Any]:
    return s


# What is signed by the right key, and still is no evidence: the rule that says so, and the change.
STATEMENTS: dict[str, tuple[str, Change]] = {
    "statement of version 0.1": (
        "statement-type",
        put(whole, "_type", "https://in-toto.io/Statement/v0.1"),
    ),
    "no statement type": ("statement-type", drop(whole, "_type")),
    "provenance of version 0.2": (
        "predicate-type",
        put(whole, "predicateType", "https://slsa.dev/provenance/v0.2"),
    ),
    "another predicate": (
        "predicate-type",
        put(whole, "predicateType", "https://cyclonedx.org/bom"),
    ),
    "type with a slash more": (
        "predicate-type",
        put(whole, "predicateType", "https://slsa.dev/provenance/v1/"),
    ),
    "no subject": ("subjects", drop(whole, "subject")),
    "empty subject": ("subjects", put(whole, "subject", [])),
    "two subjects": ("subjects", lambda s: s["subject"].append(s["subject"][0])),
    "subject is no list": ("subjects", put(whole, "subject", {"digest": {}})),
    "another image": ("subject", lambda s: s["subject"][0].update(digest={"sha256": OTHER})),
    "subject without digest": ("subject", lambda s: s["subject"][0].pop("digest")),
    "subject by name alone": ("subject", lambda s: s["subject"][0].update(digest={})),
    "subject by sha512": (
        "subject",
        lambda s: s["subject"][0].update(digest={"sha512": "0" * 128}),
    ),
    "subject in capitals": (
        "subject",
        lambda s: s["subject"][0]["digest"].update(
            sha256=s["subject"][0]["digest"]["sha256"].upper()
        ),
    ),
    "subject cut short": (
        "subject",
        lambda s: s["subject"][0]["digest"].update(sha256=s["subject"][0]["digest"]["sha256"][:12]),
    ),
    "subject is text": ("subject", put(whole, "subject", ["churn"])),
    "no predicate": ("shape", drop(whole, "predicate")),
    "predicate is a list": ("shape", put(whole, "predicate", [])),
    "no build definition": ("shape", lambda s: s["predicate"].pop("buildDefinition")),
    "no run details": ("shape", lambda s: s["predicate"].pop("runDetails")),
    "unknown build type": (
        "build-type",
        put(definition, "buildType", "https://example.org/build/v1"),
    ),
    "no build type": ("build-type", drop(definition, "buildType")),
    "no builder": ("shape", drop(details, "builder")),
    "builder without id": ("builder", lambda s: details(s)["builder"].pop("id")),
    "another builder": (
        "builder",
        lambda s: details(s)["builder"].update(id="https://example.org/builder"),
    ),
    "builder with an ending": (
        "builder",
        lambda s: details(s)["builder"].update(id=NOTEBOOK_SERVER + "/x"),
    ),
    "builder cut short": (
        "builder",
        lambda s: details(s)["builder"].update(id=NOTEBOOK_SERVER[:-1]),
    ),
    "builder is a list": ("builder", lambda s: details(s)["builder"].update(id=[NOTEBOOK_SERVER])),
    "no parameters": ("shape", drop(definition, "externalParameters")),
    "unknown parameter": ("parameters", put(parameters, "base_image", "evil")),
    "unknown empty parameter": ("parameters", put(parameters, "", None)),
    "another notebook": (
        "notebook",
        lambda s: parameters(s)["notebook"].update(digest={"sha256": OTHER}),
    ),
    "no notebook": ("notebook", drop(parameters, "notebook")),
    "notebook by name alone": ("notebook", lambda s: parameters(s)["notebook"].pop("digest")),
    "another name": ("name", put(parameters, "name", "prices")),
    "no name": ("name", drop(parameters, "name")),
    "no options": ("shape", drop(parameters, "options")),
    "unknown option": ("options", lambda s: parameters(s)["options"].update(privileged=False)),
    "option missing": ("options", lambda s: parameters(s)["options"].pop("network")),
    "option of another type": ("options", lambda s: parameters(s)["options"].update(network="no")),
    "option with other items": ("options", lambda s: parameters(s)["options"].update(settings=[1])),
    "nothing it is made of": ("dependencies", put(definition, "resolvedDependencies", [])),
    "no dependencies": ("dependencies", drop(definition, "resolvedDependencies")),
    "dependency without digest": (
        "dependencies",
        lambda s: definition(s)["resolvedDependencies"][1].pop("digest"),
    ),
    "dependency by sha1": (
        "dependencies",
        lambda s: definition(s)["resolvedDependencies"][1].update(digest={"sha1": "0" * 40}),
    ),
    "no byproducts": ("byproducts", drop(details, "byproducts")),
    "byproduct is text": ("byproducts", put(details, "byproducts", ["lock"])),
    "another lock": ("lock", lambda s: byproduct(0)(s).update(digest={"sha256": OTHER})),
    "no lock": ("lock", lambda s: details(s)["byproducts"].pop(0)),
    "two locks": ("lock", lambda s: details(s)["byproducts"].append(byproduct(0)(s))),
    "another sealed notebook": (
        "sealed",
        lambda s: byproduct(1)(s).update(digest={"sha256": OTHER}),
    ),
    "another SBOM": ("sbom", lambda s: byproduct(2)(s).update(digest={"sha256": OTHER})),
    "no SBOM": ("sbom", lambda s: details(s)["byproducts"].pop(2)),
    "no metadata": ("shape", drop(details, "metadata")),
    "another release": (
        "release",
        lambda s: details(s)["metadata"].update(invocationId=f"sha256:{OTHER}"),
    ),
    "no release": ("release", lambda s: details(s)["metadata"].pop("invocationId")),
    "no end": ("time", lambda s: details(s)["metadata"].pop("finishedOn")),
    "end is no time": ("time", lambda s: details(s)["metadata"].update(finishedOn="yesterday")),
    "end on no day": (
        "time",
        lambda s: details(s)["metadata"].update(finishedOn="2026-02-30T00:00:00Z"),
    ),
    "end in another zone": (
        "time",
        lambda s: details(s)["metadata"].update(finishedOn="2026-11-23T09:00:00+09:00"),
    ),
    "end in the future": (
        "time",
        lambda s: details(s)["metadata"].update(finishedOn="2026-11-23T10:05:01Z"),
    ),
    "end before the start": (
        "time",
        lambda s: details(s)["metadata"].update(finishedOn="2026-11-23T08:00:00Z"),
    ),
}


def resigned(case: Case, change: Callable[[Envelope], Envelope]) -> bytes:
    return change(Envelope.parse(signed(case.statement()))).to_bytes()


def edited(case: Case, change: Callable[[dict[str, Any]], object]) -> bytes:
    found = json.loads(signed(case.statement()))
    change(found)
    return json.dumps(found).encode()


def unframed(envelope: Envelope) -> Envelope:
    """Sign the payload alone, without its type."""
    value = OURS._key.sign(envelope.payload)
    return replace(envelope, signatures=(Signature(OURS.key_id, value),))


# What never becomes a statement: the rule that says so, and how it is made.
ENVELOPES: dict[str, tuple[str, Callable[[Case], bytes]]] = {
    "nothing": ("envelope", lambda c: b""),
    "not JSON": ("envelope", lambda c: b"\x89PNG"),
    "a list": ("envelope", lambda c: b"[]"),
    "a bare statement": ("envelope", lambda c: render(c.statement())),
    "a Sigstore bundle with a foreign log entry": (
        "envelope",
        lambda c: render(
            {
                "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial": {"tlogEntries": [{"logIndex": "7"}]},
                "dsseEnvelope": json.loads(signed(c.statement())),
            }
        ),
    ),
    "too large": ("envelope", lambda c: b" " * (17 << 20)),
    "nested too deeply": ("envelope", lambda c: b"[" * 200_000),
    "no signatures": ("envelope", lambda c: edited(c, lambda e: e.update(signatures=[]))),
    "signatures are text": ("envelope", lambda c: edited(c, lambda e: e.update(signatures="x"))),
    "a signature is text": ("envelope", lambda c: edited(c, lambda e: e.update(signatures=["x"]))),
    "signature is not base64": (
        "envelope",
        lambda c: edited(c, lambda e: e["signatures"][0].update(sig="!")),
    ),
    "key id is a number": (
        "envelope",
        lambda c: edited(c, lambda e: e["signatures"][0].update(keyid=1)),
    ),
    "payload is not base64": ("envelope", lambda c: edited(c, lambda e: e.update(payload="{}"))),
    "no payload": ("envelope", lambda c: edited(c, lambda e: e.pop("payload"))),
    "payload twice": ("envelope", lambda c: signed(c.statement())[:-1] + b',"payload":"e30="}'),
    "another payload type": (
        "payload-type",
        lambda c: OURS.sign("text/plain", render(c.statement())).to_bytes(),
    ),
    "type changed after signing": (
        "signature",
        lambda c: resigned(
            c, lambda e: replace(Envelope(e.payload_type, e.payload + b" ", e.signatures))
        ),
    ),
    "signed by another key": (
        "signature",
        lambda c: THEIRS.sign(STATEMENT_TYPE, render(c.statement())).to_bytes(),
    ),
    "another key under our id": (
        "signature",
        lambda c: resigned(
            c,
            lambda e: replace(e, signatures=(Signature(OURS.key_id, THEIRS._key.sign(e.message)),)),
        ),
    ),
    "our signature under another id": (
        "signature",
        lambda c: resigned(
            c, lambda e: replace(e, signatures=(Signature(THEIRS.key_id, e.signatures[0].value),))
        ),
    ),
    "one bit of the signature": (
        "signature",
        lambda c: resigned(
            c,
            lambda e: replace(
                e,
                signatures=(
                    Signature(
                        OURS.key_id,
                        bytes([e.signatures[0].value[0] ^ 1]) + e.signatures[0].value[1:],
                    ),
                ),
            ),
        ),
    ),
    "an empty signature": (
        "signature",
        lambda c: resigned(c, lambda e: replace(e, signatures=(Signature(OURS.key_id, b""),))),
    ),
    "another statement's signature": (
        "signature",
        lambda c: resigned(
            c,
            lambda e: replace(
                e, payload=render(c.statement(lambda s: s["subject"][0].update(name="x")))
            ),
        ),
    ),
    "signed without its type": ("signature", lambda c: resigned(c, unframed)),
    "lengths moved between type and payload": (
        "payload-type",
        lambda c: Envelope(
            STATEMENT_TYPE + " 2 {}",
            b"{}",
            (Signature(OURS.key_id, OURS._key.sign(encode(STATEMENT_TYPE + " 2 {}", b"{}"))),),
        ).to_bytes(),
    ),
    "statement is a list": ("statement", lambda c: signed(b"[]")),
    "statement is not UTF-8": ("statement", lambda c: signed(b'{"_type":"\xff"}')),
    "statement with NaN": ("statement", lambda c: signed(b'{"_type":NaN}')),
    "statement with a key twice": (
        "statement",
        lambda c: signed(render(c.statement())[:-1] + b',"subject":[]}'),
    ),
}
