"""Row B1: what we write is a valid image, for our own validator and for tools by others."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_modelpack.oci.archive import export_docker_archive, export_oci_archive
from jupyter_modelpack.oci.compression import MEDIA_TYPES
from jupyter_modelpack.oci.image import Image, read_image
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import File, Link, Tree
from jupyter_modelpack.oci.unpack import unpack_layer
from jupyter_modelpack.oci.validate import validate_image

Projects = Callable[[int], list[Tree]]
Build = Callable[..., Image]


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed here")
    return path


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr[-800:]}"
    return done.stdout


def as_new(image: Image) -> Image:
    """What is read back does not say which layers were there before."""
    return replace(image, layers=tuple(replace(layer, reused=False) for layer in image.layers))


def test_b1_generated_projects_are_valid(layout: Layout, project: Projects, build: Build) -> None:
    problems = []
    compressions = list(MEDIA_TYPES)
    for seed in range(100):
        image = build(project(seed), layout, compressions[seed % 3])
        problems += validate_image(layout, image.digest)
        assert read_image(layout, image.digest) == as_new(image)
    assert problems == []
    assert layout.verify() == []
    print("B1: 100 generated projects, 0 findings by our own validator")


def test_b1_skopeo_reads_the_layout_and_both_archives(
    layout: Layout, project: Projects, build: Build, tmp_path: Path
) -> None:
    skopeo = tool("skopeo")
    for seed in range(6):
        image = build(project(seed), layout, "gzip" if seed % 2 else "none")
        name = f"churn-{seed}:1.0.0"
        layout.tag(name, image.manifest)
        oci, docker = tmp_path / "oci.tar", tmp_path / "docker.tar"
        with oci.open("wb") as out:
            export_oci_archive(layout, image.digest, name, out)
        with docker.open("wb") as out:
            export_docker_archive(layout, image.digest, name, out)
        for place in (f"oci:{layout.path}:{name}", f"oci-archive:{oci}:{name}"):
            seen = json.loads(run(skopeo, "inspect", place))
            assert seen["Digest"] == image.digest
        copied = tmp_path / f"copy-{seed}"
        run(skopeo, "copy", f"docker-archive:{docker}:{name}", f"dir:{copied}")
        config = json.loads((copied / "manifest.json").read_bytes())["config"]["digest"]
        assert config == image.config.digest
    print("B1: skopeo read 6 images from layout, OCI archive and Docker archive")


def test_b1_umoci_unpacks_what_we_unpack(
    layout: Layout, project: Projects, build: Build, tmp_path: Path
) -> None:
    umoci = tool("umoci")
    for seed in range(6):
        mine = tmp_path / f"mine-{seed}"
        theirs = tmp_path / f"theirs-{seed}"
        image = build(apart(project(seed)), layout, "gzip" if seed % 2 else "none")
        layout.tag(f"churn:{seed}.0", image.manifest)
        for layer in image.layers:
            part = layer.descriptor
            with layout.open(part.digest, part.size) as stream:
                assert unpack_layer(stream, part.media_type, mine).diff_id == layer.diff_id
        run(
            umoci,
            "raw",
            "unpack",
            "--rootless",
            "--image",
            f"{layout.path}:churn:{seed}.0",
            str(theirs),
        )
        assert listing(mine) == listing(theirs)
    print("B1: umoci and our own unpacking agree on 6 images")


def apart(trees: list[Tree]) -> list[Tree]:
    """Give every layer its own directory, so that layers do not replace each other's links."""
    moved = []
    for number, tree in enumerate(trees):
        entries = tuple(type(e)(**{**vars(e), "path": f"{number}/{e.path}"}) for e in tree.entries)
        moved.append(Tree(tree.what, tree.kind, entries))
    return moved


def listing(root: Path) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        fact = path.lstat()
        content: object = None
        if path.is_symlink():
            found[str(path.relative_to(root))] = ("link", str(path.readlink()))
            continue
        if path.is_file():
            content = path.read_bytes()
        found[str(path.relative_to(root))] = (fact.st_mode, content)
    return found


def test_a_name_is_needed_for_docker(layout: Layout, build: Build, tmp_path: Path) -> None:
    trees = [Tree("a", "code", (File("a", content=b"1"), Link("b", "a")))]
    image = build(trees, layout)
    outputs = []
    for number in range(2):
        with (tmp_path / f"{number}.tar").open("wb") as out:
            export_docker_archive(layout, image.digest, "host.example:5000/a/b:1.0", out)
        outputs.append((tmp_path / f"{number}.tar").read_bytes())
    assert outputs[0] == outputs[1]
    with pytest.raises(Exception, match="tag"), (tmp_path / "x.tar").open("wb") as out:
        export_docker_archive(layout, image.digest, "churn", out)
