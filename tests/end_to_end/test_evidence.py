"""A package that was made by the command line has good evidence in its store."""

from __future__ import annotations

import json
import stat
from datetime import datetime, timezone

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from jupyter_modelpack.adapters.signing import KEY_FILE, TrustedKeys, file_signer
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.referrer import read_file, referrers
from jupyter_modelpack.release.attestation import Requirements
from jupyter_modelpack.release.envelope import Envelope
from jupyter_modelpack.release.provenance import NOTEBOOK_SERVER
from jupyter_modelpack.services.evidence import SBOM, STATEMENT, judge_evidence
from tests.product import Product


def test_d1_a_real_package_is_signed_and_the_evidence_is_good(product: Product) -> None:
    record = product.made("plots")
    layout = Layout(product.data_dir / "store")
    path = product.data_dir / "keys" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    signer = file_signer(path)
    verdict = judge_evidence(
        record,
        layout,
        Requirements(frozenset({NOTEBOOK_SERVER})),
        TrustedKeys([signer.public]),
        datetime.now(timezone.utc),
    )
    assert verdict.accepted is not None, verdict.refusals
    assert record["evidence"]["key"] == verdict.accepted.key == signer.key_id
    image = Digest.parse(record["digest"])
    files = {each.artifact_type: read_file(layout, each) for each in referrers(layout, image)}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(files[SBOM].decode()) is None
    bill = json.loads(files[SBOM])
    names = {part["name"] for part in bill["components"]}
    assert {each["name"] for each in record["distributions"]} <= names
    assert {"libc.so.6", "cpython"} <= names
    statement = Envelope.parse(files[STATEMENT]).payload
    for private in (str(product.data_dir.parent), str(product.examples)):
        assert private.encode() not in statement + files[SBOM]
    print(f"{len(bill['components'])} components, {len(statement)} bytes of provenance")


def test_show_says_who_signed_and_the_store_verifies(product: Product) -> None:
    record = product.made("plots")
    shown = product("show", "plots")
    assert f"Signed by key {record['evidence']['key'][:12]}" in shown.out
    assert product("store", "verify").code == 0


def test_collection_keeps_evidence(product: Product) -> None:
    record = product.made("plots")
    assert product("store", "gc", "--older-than", "0").code == 0
    found = referrers(Layout(product.data_dir / "store"), Digest.parse(record["digest"]))
    assert {str(each.manifest.digest) for each in found} == {
        record["evidence"]["provenance"],
        record["evidence"]["sbom"],
        record["evidence"]["record"],
    }
