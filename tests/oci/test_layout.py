"""The layout: names, reading back, collecting, and what it says when something is wrong."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.errors import InvalidInput, NotFound, StoreError
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image, read_image
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import Tree
from jupyter_modelpack.oci.validate import validate_image

Projects = Callable[[int], list[Tree]]
Build = Callable[..., Image]


def test_a_blob_reads_back_and_is_stored_once(layout: Layout) -> None:
    first = layout.put(b"hello", "text/plain")
    assert first == Descriptor("text/plain", Digest.of(b"hello"), 5)
    assert layout.put(b"hello", "text/plain") == first
    assert layout.has(first.digest)
    assert layout.read(first) == b"hello"
    with layout.open(first.digest) as stream:
        assert [stream.read(2), stream.read()] == [b"he", b"llo"]
    assert len(list((layout.path / "blobs/sha256").iterdir())) == 1
    with pytest.raises(NotFound):
        layout.open(Digest.of(b"other"))


def test_an_aborted_blob_leaves_nothing(layout: Layout) -> None:
    writer = layout.writer()
    writer.write(b"x" * 100)
    assert len(list((layout.path / "ingest").iterdir())) == 1
    assert layout.gc([], -1).blobs == 0  # its writer lives
    writer.abort()
    writer.abort()
    assert not list((layout.path / "ingest").iterdir())


def test_storing_again_heals_a_damaged_blob(layout: Layout) -> None:
    blob = layout.put(b"hello", "text/plain")
    layout.blob_path(blob.digest).write_bytes(b"jello")
    with pytest.raises(StoreError, match="damaged"):
        layout.read(blob)
    layout.put(b"hello", "text/plain")
    assert layout.read(blob) == b"hello"


def test_names_move_and_go(layout: Layout, project: Projects, build: Build) -> None:
    one, two = (build(project(n), layout) for n in (1, 2))
    layout.tag("b:1.0.0", one.manifest)
    layout.tag("a:1.0.0", one.manifest)
    assert list(layout.tags()) == ["a:1.0.0", "b:1.0.0"]
    layout.tag("a:1.0.0", two.manifest)
    assert layout.resolve("a:1.0.0").digest == two.digest
    assert layout.resolve("b:1.0.0").digest == one.digest
    layout.untag("b:1.0.0")
    for ask in (layout.resolve, layout.untag):
        with pytest.raises(NotFound):
            ask("b:1.0.0")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "churn:latest",
        "latest",
        "churn:v1",
        "v12",
        "a b:1",
        "../a:1",
        "a//b:1",
        "a:",
        "-a:1",
        "a\n:1",
        "a:1\n",
        "ä:1",
        "x" * 257,
        "a:1\0",
    ],
)
def test_names_that_cannot_be(layout: Layout, project: Projects, build: Build, name: str) -> None:
    image = build(project(1), layout)
    with pytest.raises(InvalidInput):
        layout.tag(name, image.manifest)
    assert layout.tags() == {}


def test_a_name_needs_a_whole_image(layout: Layout, project: Projects, build: Build) -> None:
    image = build(project(1), layout)
    layout.discard(image.layers[0].descriptor.digest)
    with pytest.raises(StoreError, match="missing"):
        layout.tag("churn:1.0.0", image.manifest)
    assert layout.tags() == {}
    assert len(validate_image(layout, image.digest)) == 1


def test_collecting_keeps_what_is_named_kept_or_young(
    tmp_path: Path, project: Projects, build: Build
) -> None:
    now = [os.stat(tmp_path).st_mtime + 3600]
    layout = Layout(tmp_path / "store", clock=lambda: now[0])
    named, kept, other = (build(project(n), layout) for n in (1, 2, 3))
    layout.tag("churn:1.0.0", named.manifest)
    assert layout.gc([kept.digest], older_than_seconds=7200).blobs == 0
    assert layout.claim(other.config)
    freed = layout.gc([kept.digest], older_than_seconds=600)
    assert freed.blobs >= 1
    assert freed.bytes > 0
    assert layout.has(other.config.digest)
    assert not layout.has(other.digest)
    assert validate_image(layout, kept.digest) == validate_image(layout, named.digest) == []
    assert layout.gc([], older_than_seconds=-7200).blobs >= 2
    assert validate_image(layout, named.digest) == []
    assert layout.verify() == []
    with pytest.raises(NotFound):
        read_image(layout, kept.digest)
    assert not layout.claim(kept.config)


def test_collecting_removes_nothing_when_it_cannot_know(
    layout: Layout, project: Projects, build: Build
) -> None:
    image = build(project(1), layout)
    layout.tag("churn:1.0.0", image.manifest)
    spare = layout.put(b"spare", "text/plain")
    layout.blob_path(image.digest).write_bytes(b"{}")
    with pytest.raises(StoreError):
        layout.gc([], -1)
    assert layout.has(spare.digest)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"manifests":[{}]}', b"[" * 100_000])
def test_an_index_that_cannot_be_read_is_one_clear_error(layout: Layout, data: bytes) -> None:
    (layout.path / "index.json").write_bytes(data)
    with pytest.raises(StoreError, match=r"index\.json"):
        layout.tags()
    assert [problem.where for problem in layout.verify()] == ["index.json"]
    (layout.path / "index.json").unlink()
    with pytest.raises(StoreError, match="lost"):
        Layout(layout.path).tags()


def test_verify_names_what_is_wrong(layout: Layout, project: Projects, build: Build) -> None:
    image = build(project(1), layout)
    layout.tag("churn:1.0.0", image.manifest)
    (layout.path / "blobs/sha256/notes.txt").write_bytes(b"")
    layout.discard(image.layers[-1].descriptor.digest)
    text = "\n".join(map(str, layout.verify()))
    assert "notes.txt: This file does not belong" in text
    assert "churn:1.0.0: A part is missing" in text


def test_threads_share_a_layout(layout: Layout, project: Projects, build: Build) -> None:
    image = build(project(1), layout)
    threads = [
        threading.Thread(target=layout.tag, args=(f"t:1.{n}", image.manifest)) for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(layout.tags()) == 12


@pytest.mark.parametrize(
    ("find", "replace", "message"),
    [
        (b'"schemaVersion":2', b'"schemaVersion":1', "schemaVersion"),
        (b'"layers":[{', b'"layers":[],"x":[{', "no layers"),
        (b'"config":{', b'"other":{', "no config"),
        (b'"size":', b'"size":1', "bytes"),
    ],
)
def test_a_manifest_that_was_made_wrong(
    layout: Layout, project: Projects, build: Build, find: bytes, replace: bytes, message: str
) -> None:
    image = build(project(1), layout)
    data = layout.read(image.manifest)
    assert find in data
    wrong = layout.put(data.replace(find, replace), image.manifest.media_type)
    assert message in str(validate_image(layout, wrong.digest)[0])


def test_a_configuration_for_other_layers(layout: Layout, project: Projects, build: Build) -> None:
    one, two = (build(project(n), layout) for n in (4, 8))
    data = layout.read(one.manifest)
    data = data.replace(one.config.digest.encode(), two.config.digest.encode())
    data = data.replace(b'"size":%d' % one.config.size, b'"size":%d' % two.config.size, 1)
    wrong = layout.put(data, one.manifest.media_type)
    assert any("diff_id" in str(problem) for problem in validate_image(layout, wrong.digest))
