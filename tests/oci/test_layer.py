"""Layers: the same input gives the same bytes, and a file that changes is noticed."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_modelpack.errors import Aborted, Conflict, InvalidInput
from jupyter_modelpack.oci.cache import LayerCache
from jupyter_modelpack.oci.compression import Compression
from jupyter_modelpack.oci.layer import Layer, write_layer, write_layers
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import Directory, Entry, File, Link, Tree


def tree(*entries: Entry, what: str = "test") -> Tree:
    return Tree(what, "code", entries)


def members(layout: Layout, layer: Layer) -> dict[str, tarfile.TarInfo]:
    data = layout.read(layer.descriptor)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: member for member in archive}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "store")


def test_an_independent_reader_sees_what_was_written(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"x = 1\n" * 700_000)
    long = "opt/" + "d" * 90 + "/" + "e" * 90 + "/" + "f" * 99
    longer = "opt/" + "g" * 200 + "/" + "h" * 150
    layer = write_layer(
        tree(
            File("app/a.py", source=str(tmp_path / "a.py")),
            File("app/run", content=b"#!", executable=True),
            File("app/größe.txt", content=b""),
            File(long, content=b"1"),
            File(longer, content=b"22"),
            Link("app/link", "../app/a.py"),
            Link("app/far", "t" * 300),
            Directory("work", 0o1777),
        ),
        layout,
    )
    found = members(layout, layer)
    assert list(found)[:2] == ["app", "app/a.py"]
    assert found["app/a.py"].size == 4_200_000
    assert (found["app/run"].mode, found["app/a.py"].mode) == (0o755, 0o644)
    assert found["work"].mode == 0o1777
    assert found["app/link"].linkname == "../app/a.py"
    assert found["app/far"].linkname == "t" * 300
    assert {found[long].size, found[longer].size, found["app/größe.txt"].size} == {1, 2, 0}
    assert {(m.uid, m.gid, m.mtime, m.uname) for m in found.values()} == {(0, 0, 315532800, "")}


def test_every_length_of_name_and_content_reads_back(layout: Layout) -> None:
    names = [f"{'a' * 60}/{'b' * n}" for n in range(1, 120)]
    contents = {name: bytes(range(256)) * 5 for name in names}
    sized = {f"s/{n}": b"z" * n for n in (0, 1, 511, 512, 513, 1 << 20, (1 << 20) + 1)}
    contents |= sized
    layer = write_layer(tree(*(File(n, content=c) for n, c in contents.items())), layout)
    with tarfile.open(fileobj=io.BytesIO(layout.read(layer.descriptor))) as archive:
        for name, content in contents.items():
            member = archive.extractfile(name)
            assert member is not None
            assert member.read() == content


@pytest.mark.parametrize(
    "entries",
    [
        (File("a", content=b""), File("a", content=b"")),
        (File("a", content=b""), File("a/b", content=b"")),
        (Link("a", "c"), File("a/b/c", content=b"")),
    ],
)
def test_clashing_entries_are_refused(layout: Layout, entries: tuple[Entry, ...]) -> None:
    with pytest.raises(InvalidInput):
        write_layer(tree(*entries), layout)


def test_a_file_that_changes_while_it_is_read_is_named(layout: Layout, tmp_path: Path) -> None:
    source = tmp_path / "data.csv"
    source.write_bytes(b"1" * (8 << 20))

    def grow(count: int) -> None:
        with source.open("ab") as file:
            file.write(b"2")

    with pytest.raises(Conflict, match=r"app/data\.csv changed"):
        write_layer(tree(File("app/data.csv", source=str(source))), layout, progress=grow)
    assert not list((layout.path / "ingest").iterdir())

    def rewrite(count: int) -> None:
        with source.open("r+b") as file:
            file.write(b"3")

    with pytest.raises(Conflict, match=r"app/data\.csv changed"):
        write_layer(tree(File("app/data.csv", source=str(source))), layout, progress=rewrite)
    source.unlink()
    with pytest.raises(Conflict, match=r"app/data\.csv changed"):
        write_layer(tree(File("app/data.csv", source=str(source))), layout)


def test_a_named_pipe_and_a_directory_are_refused_at_once(layout: Layout, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for source in (tmp_path / "pipe", tmp_path):
        with pytest.raises(InvalidInput, match="cannot be read"):
            write_layer(tree(File("app/x", source=str(source))), layout)


def test_cancelling_stops_within_a_piece_and_leaves_nothing(layout: Layout) -> None:
    stop = threading.Event()
    seen: list[int] = []

    def progress(count: int) -> None:
        seen.append(count)
        stop.set()

    trees = [tree(File("a", content=b"1" * (20 << 20))), tree(File("b", content=b"2" * (20 << 20)))]
    with pytest.raises(Aborted):
        write_layers(trees, layout, cancelled=stop.is_set, progress=progress)
    assert sum(seen) < 8 << 20
    assert not list((layout.path / "ingest").iterdir())


def test_one_bad_layer_stops_the_others_and_is_the_error(layout: Layout) -> None:
    good = tree(File("a", content=b"1" * (64 << 20)))
    with pytest.raises(Conflict):
        write_layers([good, tree(File("b", source="/nowhere/at/all"))], layout)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_compressed_layers_have_the_diff_id_of_the_plain_one(
    layout: Layout, compression: Compression
) -> None:
    source = tree(*(File(f"f{n}", content=os.urandom(10) * 90_000) for n in range(8)))
    plain = write_layer(source, layout)
    small = write_layer(source, layout, compression=compression)
    again = write_layer(source, layout, compression=compression)
    assert small.diff_id == plain.diff_id == plain.descriptor.digest
    assert small.descriptor == again.descriptor
    assert small.descriptor.size < plain.descriptor.size / 4
    assert small.descriptor.media_type.endswith("+" + compression)


class TestCache:
    def old(self, path: Path, content: bytes) -> str:
        path.write_bytes(content)
        return str(path)

    def test_a_second_layer_is_not_read_again(self, layout: Layout, tmp_path: Path) -> None:
        now = [0.0]
        cache = LayerCache(tmp_path / "cache", clock=lambda: os.stat(source).st_ctime + now[0])
        source = self.old(tmp_path / "a.py", b"x = 1")
        one = tree(File("a.py", source=source), what="one")
        now[0] = 10.0
        first = write_layer(one, layout, cache=cache)
        second = write_layer(Tree("two", "data", one.entries), layout, cache=cache)
        assert not first.reused
        assert second.reused
        assert (second.descriptor, second.diff_id) == (first.descriptor, first.diff_id)
        assert (second.what, second.kind) == ("two", "data")
        zipped = write_layer(one, layout, cache=cache, compression="gzip")
        assert not zipped.reused

    def test_a_lost_blob_and_a_torn_entry_are_misses(self, layout: Layout, tmp_path: Path) -> None:
        cache = LayerCache(tmp_path / "cache")
        one = tree(File("a.py", content=b"x = 1"))
        first = write_layer(one, layout, cache=cache)
        assert write_layer(one, layout, cache=cache).reused
        layout.discard(first.descriptor.digest)
        assert not write_layer(one, layout, cache=cache).reused
        (entry,) = (p for p in (tmp_path / "cache").rglob("*") if p.is_file())
        whole = entry.read_bytes()
        for torn in (b"", whole[:20], bytes(len(whole)), b"[]", whole.replace(b"sha256", b"md5")):
            entry.write_bytes(torn)
            assert write_layer(one, layout, cache=cache) == replace(first, reused=True)
            assert entry.read_bytes() == whole, "a torn entry was believed"

    def test_what_a_stamp_promises_is_not_looked_at(self, layout: Layout, tmp_path: Path) -> None:
        cache = LayerCache(tmp_path / "cache")
        path = tmp_path / "a.pyc"
        path.write_bytes(b"made once")
        stamped = tree(File("a.pyc", source=str(path), stamp="key/1"))
        first = write_layer(stamped, layout, cache=cache)
        path.unlink()
        assert write_layer(stamped, layout, cache=cache) == replace(first, reused=True)

    def test_every_change_is_seen(self, layout: Layout, tmp_path: Path) -> None:
        cache = LayerCache(tmp_path / "cache")
        path = tmp_path / "a.py"
        source = self.old(path, b"x = 1")
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        base = (File("a.py", source=source), Link("l", "t"), Directory("d"))
        digests = [write_layer(tree(*base), layout, cache=cache).descriptor.digest]
        path.write_bytes(b"x = 2")
        os.utime(path, ns=times)  # same size and time of change, different content
        variants = [
            base,
            (File("a.py", source=source, executable=True), *base[1:]),
            (File("b.py", source=source), *base[1:]),
            (base[0], Link("l", "u"), base[2]),
            (base[0], base[1], Directory("d", 0o1777)),
        ]
        for variant in variants:
            layer = write_layer(tree(*variant), layout, cache=cache)
            assert not layer.reused
            digests.append(layer.descriptor.digest)
        assert len(set(digests)) == 6

    def test_a_file_that_is_seconds_old_is_known_by_its_content(
        self, layout: Layout, tmp_path: Path
    ) -> None:
        cache = LayerCache(tmp_path / "cache")
        source = self.old(tmp_path / "a.py", b"x = 1")
        one = tree(File("a.py", source=source))
        assert not write_layer(one, layout, cache=cache).reused
        os.utime(source, (1, 1))  # what stat says is new, what the file holds is not
        assert write_layer(one, layout, cache=cache).reused

    def test_a_file_changed_after_it_was_looked_at_is_not_remembered(
        self, layout: Layout, tmp_path: Path
    ) -> None:
        source = self.old(tmp_path / "a.py", b"x = 1")
        later = os.stat(source).st_ctime + 60

        class Changing(LayerCache):
            def find(self, key: str) -> None:
                Path(source).write_bytes(b"x = 2")

        changing = Changing(tmp_path / "cache", clock=lambda: later)
        one = tree(File("a.py", source=source))
        write_layer(one, layout, cache=changing)
        assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
