from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from jupyter_modelpack.errors import InvalidInput, NotFound
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import LOCK, NOTEBOOK, annotations_of
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.referrer import read_file, referrers, write_referrers
from jupyter_modelpack.release.attestation import Verdict
from jupyter_modelpack.release.envelope import Envelope
from jupyter_modelpack.release.plain_json import render
from jupyter_modelpack.release.sbom import sbom, subject_of
from jupyter_modelpack.services.evidence import SBOM, STATEMENT, judge_evidence
from tests.judges import tool
from tests.release.evidence_case import (
    LOCKED,
    NOW,
    SERVER,
    Case,
    key,
    make_case,
    trusted,
)

OURS = key(1)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path)


def verdict(case: Case, record: dict[str, Any]) -> Verdict:
    return judge_evidence(record, case.layout, SERVER, trusted(OURS), NOW)


def evidence_bytes(layout: Layout, image: Digest) -> dict[str, bytes]:
    return {each.artifact_type: read_file(layout, each) for each in referrers(layout, image)}


def statement(case: Case) -> dict[str, Any]:
    data = evidence_bytes(case.layout, case.image)[STATEMENT]
    found: dict[str, Any] = json.loads(Envelope.parse(data).payload)
    return found


def test_evidence_lies_beside_the_image_and_is_good(case: Case) -> None:
    record = case.attested(OURS)
    beside = {str(each.manifest.digest) for each in referrers(case.layout, case.image)}
    assert beside == {record["evidence"][kind] for kind in ("provenance", "sbom", "record")}
    assert record["evidence"]["release"] == record["release"]
    found = verdict(case, record)
    assert found.accepted is not None
    assert found.accepted.key == record["evidence"]["key"] == OURS.key_id
    assert OURS.key_id[:12] in found.sentence
    assert case.layout.verify() == []


def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for place, zone in (("a", "UTC"), ("b", "Asia/Tokyo")):
        before = os.environ.get("TZ")
        os.environ["TZ"] = zone
        time.tzset()
        try:
            case = make_case(tmp_path / place)
            made.append((case.attested(OURS), evidence_bytes(case.layout, case.image)))
        finally:
            os.environ.pop("TZ")
            if before is not None:
                os.environ["TZ"] = before
            time.tzset()
    assert made[0] == made[1]


def test_the_statement_says_what_the_image_was_made_of(case: Case) -> None:
    case.attested(OURS)
    found = statement(case)
    assert found["subject"] == [{"name": "churn", "digest": {"sha256": case.image.hex}}]
    definition = found["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {
        "name": "churn",
        "notebook": {
            "name": "churn.ipynb",
            "digest": {"sha256": Digest.of(b"print(1)").hex},
        },
        "options": {
            "compression": "gzip",
            "network": False,
            "settings": ["API_URL"],
            "live_modules": ["yaml"],
        },
    }
    made_of = {each["name"]: each.get("uri") for each in definition["resolvedDependencies"]}
    assert made_of == {
        "python": "pkg:generic/python@3.11.7",
        "Zope.interface": "pkg:pypi/zope-interface@7.2",
        "churnlib": None,
        "pandas": "pkg:pypi/pandas@2.3.3",
        "data/größe.csv": None,
        "helper.py": None,
    }
    assert found["predicate"]["runDetails"]["metadata"] == {
        "invocationId": case.record["release"],
        "startedOn": "2026-11-23T08:59:47.500Z",
        "finishedOn": "2026-11-23T09:00:00.000Z",
    }


def test_nobodys_path_name_or_value_is_in_evidence(case: Case) -> None:
    case.attested(OURS)
    for data in (
        render(statement(case)),
        evidence_bytes(case.layout, case.image)[SBOM],
    ):
        for private in (b"/home/", b"secret-project", b"lovelace", b"hunter2", b"password"):
            assert private not in data


def test_the_bill_of_materials_is_valid_by_the_official_schema(case: Case) -> None:
    case.attested(OURS)
    data = evidence_bytes(case.layout, case.image)[SBOM]
    errors = JsonStrictValidator(SchemaVersion.V1_6).validate_str(data.decode())
    assert errors is None, errors
    found = json.loads(data)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str('{"bomFormat":"x"}') is not None
    assert {part["name"] for part in found["components"]} == {
        *("cpython", "Zope.interface", "churnlib", "pandas"),
        *("libc.so.6", "libgomp.so.1", "data/größe.csv", "helper.py"),
    }
    assert found["metadata"]["timestamp"] == case.record["created"]
    assert subject_of(data) == case.image
    references = [part["bom-ref"] for part in found["components"]]
    assert len(set(references)) == len(references)
    print("CycloneDX 1.6: valid by the schema that cyclonedx-python-lib brings")


def test_a_bill_of_materials_without_an_image_has_no_subject(case: Case) -> None:
    right = sbom(case.record, "0.1.0")
    component = right["metadata"]["component"]
    for wrong in (
        {**right, "bomFormat": "SPDX"},
        {**right, "metadata": {}},
        {**right, "metadata": {"component": {**component, "hashes": []}}},
        {**right, "metadata": {"component": {**component, "hashes": component["hashes"] * 2}}},
        {**right, "metadata": {"component": {**component, "type": "library"}}},
        {**right, "metadata": []},
    ):
        with pytest.raises(InvalidInput):
            subject_of(render(wrong))


Change = Callable[[Case, dict[str, Any]], dict[str, Any]]


def without_evidence(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "evidence": None}


def other_notebook(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "notebook_digest": Digest.of(b"other")}


def other_packages(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "lock": {**LOCKED, "distributions": LOCKED["distributions"][:-1]}}


def other_name(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "name": "prices"}


def another_image(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    other = make_case(case.layout.path.parent, b"print(2)")
    return {**record, "digest": str(other.image)}


def image_without_evidence_of_its_own(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    """Hang the good evidence of one image on another."""
    other = make_case(case.layout.path.parent, b"print(2)")
    good = {each.artifact_type: each for each in referrers(case.layout, case.image)}
    for each in good.values():
        copied = [_artifact(each.artifact_type, read_file(case.layout, each), each.file.media_type)]
        (moved,) = write_referrers(case.layout, other.image, copied)
        if each.artifact_type == SBOM:
            record = {**record, "evidence": {**record["evidence"], "sbom": moved.manifest.digest}}
    return {**record, "digest": str(other.image)}


def _artifact(kind: str, content: bytes, media_type: str) -> Any:
    from jupyter_modelpack.oci.referrer import Artifact

    return Artifact(kind, content, media_type)


def no_image(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    case.layout.discard(case.image)
    return record


def damaged(kind: str) -> Change:
    def change(case: Case, record: dict[str, Any]) -> dict[str, Any]:
        (found,) = referrers(case.layout, case.image, kind)
        path = case.layout.blob_path(found.file.digest)
        path.write_bytes(path.read_bytes().replace(b"pandas", b"pandaz") + b" ")
        return record

    return change


def forgotten(kind: str) -> Change:
    def change(case: Case, record: dict[str, Any]) -> dict[str, Any]:
        index = json.loads((case.layout.path / "index.json").read_text())
        index["manifests"] = [m for m in index["manifests"] if m.get("artifactType") != kind]
        (case.layout.path / "index.json").write_text(json.dumps(index))
        return record

    return change


@pytest.mark.parametrize(
    "change",
    [
        *(without_evidence, other_notebook, other_packages, other_name),
        *(another_image, image_without_evidence_of_its_own, no_image),
        *(damaged(STATEMENT), damaged(SBOM), forgotten(STATEMENT), forgotten(SBOM)),
    ],
)
def test_b3_evidence_that_is_not_of_this_image_is_refused(case: Case, change: Change) -> None:
    record = case.attested(OURS)
    assert verdict(case, record).accepted is not None
    found = verdict(case, change(case, record))
    assert found.accepted is None
    assert found.sentence


def test_nothing_is_attested_of_an_image_that_is_not_there(case: Case) -> None:
    case.layout.discard(case.image)
    with pytest.raises(NotFound):
        case.attested(OURS)
    assert len(case.layout.manifests()) == 1


def test_the_image_itself_says_which_lock_and_notebook_it_holds(case: Case) -> None:
    said = annotations_of(case.layout, case.image)
    assert set(said) == {LOCK, NOTEBOOK}


def test_skopeo_reads_the_store_beside_evidence(case: Case) -> None:
    case.attested(OURS)
    told = subprocess.run(
        [tool("skopeo"), "inspect", f"oci:{case.layout.path}:churn:1.0.0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["Digest"] == case.image
