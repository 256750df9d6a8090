"""The unpacked files of images: verified, shared, joined, and made once however many ask."""

from __future__ import annotations

import io
import shutil
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.sandbox import RunRequest, run_image
from jupyter_modelpack.adapters.sandbox.rootfs import RootfsCache
from jupyter_modelpack.errors import Aborted, StoreError
from jupyter_modelpack.oci.config import ImageConfig
from jupyter_modelpack.oci.descriptor import LAYER
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image, read_image, write_image
from jupyter_modelpack.oci.layer import Layer, write_layer
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import File, Kind, Link, Tree


def never() -> bool:
    return False


def small(layout: Layout, *trees: tuple[Kind, dict[str, str]]) -> Image:
    layers = []
    for number, (kind, files) in enumerate(trees):
        entries = [
            Link(path, text[2:]) if text.startswith("->") else File(path, content=text.encode())
            for path, text in files.items()
        ]
        layers.append(write_layer(Tree(f"layer {number}", kind, tuple(entries)), layout))
    return write_image(layers, ImageConfig(entrypoint=("/bin/x",)), layout)


def test_a_changed_notebook_is_laid_over_what_stays(tmp_path: Path) -> None:
    layout, cache = Layout(tmp_path / "store"), RootfsCache(tmp_path / "cache")
    below: list[tuple[Kind, dict[str, str]]] = [
        ("interpreter", {"bin/python": "1", "lib/a": "a", "lib/link": "->a"}),
        ("distributions", {"lib/a": "newer", "lib/deep/b": "b"}),
    ]
    roots = []
    for version in ("one", "two"):
        code = {"app/modelpack.json": version, "opt/modelpack/x.py": "x"}
        data = {"app/files/big.csv": "1"}
        image = small(layout, *below, ("data", data), ("code", code))
        with cache.root(layout, image, never) as root:
            assert root.host_path("/app/modelpack.json").read_text() == version
            assert root.host_path("/app/files/big.csv").read_text() == "1"
            assert root.host_path("/lib/a").read_text() == "newer"
            assert root.host_path("/lib/link").readlink() == Path("a")
            roots.append(root.base)
            assert sorted(root.over) == ["app", "opt/modelpack"]
        with cache.root(layout, image, never, whole=True) as root:
            assert not root.over
            assert (root.base / "app/modelpack.json").read_text() == version
            assert (root.base / "lib/deep/b").read_text() == "b"
    assert roots[0] == roots[1]
    mode = (roots[0] / "lib/a").stat().st_mode
    assert not mode & 0o222, "files that runs share must not be writable"


def test_layers_that_mix_are_joined_in_one_directory(tmp_path: Path) -> None:
    layout, cache = Layout(tmp_path / "store"), RootfsCache(tmp_path / "cache")
    image = small(layout, ("interpreter", {"a": "1"}), ("code", {"a": "2", "app/b": "3"}))
    with cache.root(layout, image, never) as root:
        assert not root.over
        assert (root.base / "a").read_text() == "2"
    image = small(layout, ("interpreter", {"d/x": "1"}), ("distributions", {"d": "->/etc"}))
    with cache.root(layout, image, never) as root:
        assert (root.base / "d").is_symlink()


def test_a_foreign_image_keeps_its_whiteouts(tmp_path: Path) -> None:
    layout, cache = Layout(tmp_path / "store"), RootfsCache(tmp_path / "cache")
    layers = [foreign(layout, {"a": b"1", "b": b"2"}), foreign(layout, {".wh.a": b"", "c": b"3"})]
    config = ImageConfig(entrypoint=("/bin/x",))
    image = write_image([*layers], config, layout)
    with cache.root(layout, image, never) as root:
        names = {path.name for path in root.base.iterdir() if path.is_file()}
    assert names == {"b", "c"}


def foreign(layout: Layout, files: dict[str, bytes]) -> Layer:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    descriptor = layout.put(out.getvalue(), LAYER)
    return Layer(descriptor, Digest.of(out.getvalue()), descriptor.digest.short, "data")


def test_b3_no_damaged_blob_is_run(tmp_path: Path) -> None:
    source = Layout(tmp_path / "source")
    image = small(
        source,
        ("interpreter", {"bin/x": "one"}),
        ("distributions", {"lib/y": "two"}),
        ("code", {"app/z": "three"}),
    )
    other = source.put(b"another valid blob", LAYER).digest
    damages = {
        "bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        "short": lambda data: data[:-1],
        "long": lambda data: data + b"\0",
        "other": lambda data: source.blob_path(other).read_bytes(),
    }
    tried = refused = 0
    digests = [image.digest, image.config.digest, *(x.descriptor.digest for x in image.layers)]
    for warm in (False, True):
        for digest in digests:
            for damage in damages.values():
                work = tmp_path / f"case{tried}"
                shutil.copytree(tmp_path / "source", work / "store")
                layout, cache = Layout(work / "store"), RootfsCache(work / "cache")
                if warm:
                    with cache.root(layout, image, never):
                        pass
                blob = layout.blob_path(digest)
                blob.chmod(0o644)
                blob.write_bytes(damage(blob.read_bytes()))
                tried += 1
                try:
                    run_image(
                        layout,
                        image.digest,
                        RunRequest(work / "work"),
                        cache_dir=work / "cache",
                        isolation="process",
                    )
                except StoreError:
                    refused += 1
    print(f"B3 (run): {tried} damaged images, {refused} refused")
    assert tried == refused == 40


def test_many_at_once_make_each_thing_once(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "store")
    files = {f"lib/{number}": str(number) for number in range(200)}
    image = small(layout, ("interpreter", files), ("code", {"app/z": "three"}))

    def use(_: int) -> int:
        cache = RootfsCache(tmp_path / "cache")
        with cache.root(layout, image, never) as root:
            cache.collect(0)
            return len(list((root.base / "lib").iterdir()))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(use, range(24))) == {200}
    home = next(path for path in (tmp_path / "cache").iterdir() if path.is_dir())
    assert list((home / "making").iterdir()) == []


def test_what_is_not_used_goes_away_but_nothing_that_is(tmp_path: Path) -> None:
    layout, cache = Layout(tmp_path / "store"), RootfsCache(tmp_path / "cache")
    image = small(layout, ("interpreter", {"a": "1"}), ("code", {"app/z": "3"}))
    (tmp_path / "cache/boot-of-yesterday/layers/abc").mkdir(parents=True)
    with cache.root(layout, image, never):
        assert cache.collect(-1) == 0
    homes = [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]
    home = next(path for path in homes if "yesterday" not in path.name)
    assert cache.collect() == 1
    assert len(list((home / "roots").glob("*[!k]"))) == 2
    assert cache.collect(-1) > 3
    assert list((home / "roots").iterdir()) == []


def test_what_was_stopped_half_way_is_never_taken_for_whole(tmp_path: Path) -> None:
    layout, cache = Layout(tmp_path / "store"), RootfsCache(tmp_path / "cache")
    image = small(layout, ("interpreter", {"a": "1"}), ("code", {"app/z": "3"}))
    with pytest.raises(Aborted), cache.root(layout, image, lambda: True):
        pass
    home = next(path for path in (tmp_path / "cache").iterdir() if path.is_dir())
    assert [path for path in (home / "layers").iterdir() if path.is_dir()] == []
    (home / "making/left-by-a-killed-process").mkdir()
    with cache.root(layout, read_image(layout, image.digest), never) as root:
        assert (root.base / "a").read_text() == "1"
    cache.collect()
    assert list((home / "making").iterdir()) == []
