from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.errors import NotFound, StoreError
from jupyter_modelpack.oci.descriptor import MANIFEST
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.referrer import (
    Artifact,
    Referrer,
    read_file,
    referrers,
    write_referrers,
)
from tests.judges import tool

NOTE = Artifact("application/x.note", b"first", "text/plain", {"written": "today"})
SEAL = Artifact("application/x.seal", b"second", "text/plain")


@pytest.fixture
def image(layout: Layout, build: Callable[..., Image], project: Callable[..., object]) -> Image:
    made = build(project(1), layout)
    layout.tag("churn:1.0.0", made.manifest)
    return made


def grow_old(layout: Layout) -> None:
    for path in (layout.path / "blobs" / "sha256").iterdir():
        os.utime(path, (1, 1))


def test_what_is_written_is_found_by_its_subject(layout: Layout, image: Image) -> None:
    note, seal = write_referrers(layout, image.digest, [NOTE, SEAL])
    by_type = sorted(referrers(layout, image.digest), key=lambda each: each.artifact_type)
    assert by_type == [note, seal]
    assert referrers(layout, image.digest, "application/x.seal") == (seal,)
    assert read_file(layout, seal) == b"second"
    assert layout.verify() == []
    assert list(layout.tags()) == ["churn:1.0.0"]
    assert referrers(layout, note.manifest.digest) == ()


def test_the_manifest_is_the_one_that_the_specification_shows(layout: Layout, image: Image) -> None:
    (note,) = write_referrers(layout, image.digest, [NOTE])
    assert json.loads(layout.read(note.manifest)) == {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": "application/x.note",
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "size": 2,
        },
        "layers": [{"mediaType": "text/plain", "digest": Digest.of(b"first"), "size": 5}],
        "subject": {
            "mediaType": MANIFEST,
            "digest": image.digest,
            "size": image.manifest.size,
        },
        "annotations": {"written": "today"},
    }


def test_writing_it_again_lists_it_once(layout: Layout, image: Image) -> None:
    first = write_referrers(layout, image.digest, [NOTE])
    assert write_referrers(layout, image.digest, [NOTE]) == first
    assert len(layout.manifests()) == 2


def test_an_image_that_is_not_there_has_no_referrers(layout: Layout) -> None:
    nobody = Digest.of(b"nobody")
    assert referrers(layout, nobody) == ()
    with pytest.raises(NotFound):
        write_referrers(layout, nobody, [NOTE])
    assert layout.manifests() == ()


def test_another_tools_referrer_is_found_without_our_mark(layout: Layout, image: Image) -> None:
    (note,) = write_referrers(layout, image.digest, [NOTE])
    index = json.loads((layout.path / "index.json").read_text())
    for each in index["manifests"]:
        each.get("annotations", {}).pop("io.github.jupyter-modelpack.subject", None)
    (layout.path / "index.json").write_text(json.dumps(index))
    (found,) = referrers(layout, image.digest)
    assert (found.subject, found.file) == (image.digest, note.file)


def test_collection_keeps_the_referrers_of_kept_images(layout: Layout, image: Image) -> None:
    (note,) = write_referrers(layout, image.digest, [NOTE])
    (seal,) = write_referrers(layout, note.manifest.digest, [SEAL])
    grow_old(layout)
    assert layout.gc([], 60).blobs == 0
    assert referrers(layout, image.digest) == (note,)
    assert referrers(layout, note.manifest.digest) == (seal,)
    assert layout.verify() == []


def test_collection_keeps_the_referrers_of_an_image_that_a_record_keeps(
    layout: Layout, image: Image
) -> None:
    (note,) = write_referrers(layout, image.digest, [NOTE])
    layout.untag("churn:1.0.0")
    grow_old(layout)
    assert layout.gc([image.digest], 60).blobs == 0
    assert referrers(layout, image.digest) == (note,)


def test_referrers_go_with_their_image(layout: Layout, image: Image) -> None:
    (note,) = write_referrers(layout, image.digest, [NOTE])
    write_referrers(layout, note.manifest.digest, [SEAL])
    layout.untag("churn:1.0.0")
    grow_old(layout)
    layout.gc([], 60)
    assert layout.manifests() == ()
    assert list((layout.path / "blobs" / "sha256").iterdir()) == []
    assert layout.verify() == []


def test_a_young_referrer_stays_whole_without_its_image(layout: Layout, image: Image) -> None:
    (note,) = write_referrers(layout, image.digest, [NOTE])
    layout.untag("churn:1.0.0")
    grow_old(layout)
    os.utime(layout.blob_path(note.manifest.digest))
    layout.gc([], 60)
    assert read_file(layout, note) == b"first"
    assert not layout.has(image.digest)
    (problem,) = layout.verify()
    assert "about an image that is not there" in str(problem)


def test_verification_covers_every_byte_of_a_referrer(layout: Layout, image: Image) -> None:
    (note,) = write_referrers(layout, image.digest, [NOTE])
    tried = 0
    for digest in (note.manifest.digest, note.file.digest):
        path = layout.blob_path(digest)
        right = path.read_bytes()
        for wrong in damages(right, layout.blob_path(image.digest).read_bytes()):
            path.write_bytes(wrong)
            assert layout.verify() != []
            with pytest.raises(StoreError):
                fetched(layout, note)
            tried += 1
        path.unlink()
        assert layout.verify() != []
        with pytest.raises((StoreError, NotFound)):
            fetched(layout, note)
        path.write_bytes(right)
        tried += 1
    assert layout.verify() == []
    print(f"B3: {tried} damaged referrers, {tried} found by store verify and refused on read")


def damages(right: bytes, other: bytes) -> list[bytes]:
    flipped = [right[:n] + bytes([right[n] ^ 1]) + right[n + 1 :] for n in range(0, len(right), 37)]
    return [*flipped, right[:-1], right + b" ", other]


def fetched(layout: Layout, wanted: Referrer) -> list[bytes]:
    (found,) = referrers(layout, wanted.subject)
    return [read_file(layout, found)]


def test_skopeo_reads_the_image_beside_its_referrers(
    layout: Layout, image: Image, tmp_path: Path
) -> None:
    skopeo = tool("skopeo")
    write_referrers(layout, image.digest, [NOTE, SEAL])
    source = f"oci:{layout.path}:churn:1.0.0"
    told = subprocess.run([skopeo, "inspect", source], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["Digest"] == image.digest
    copied = subprocess.run(
        [skopeo, "copy", "--insecure-policy", "--preserve-digests", source, f"dir:{tmp_path}/out"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert copied.returncode == 0, copied.stderr
    assert Digest.of((tmp_path / "out" / "manifest.json").read_bytes()) == image.digest
