"""A small image with the binding layout: this machine's interpreter and the stand-in runtime."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from jupyter_modelpack.oci.archive import export_oci_archive
from jupyter_modelpack.oci.config import ImageConfig
from jupyter_modelpack.oci.image import write_image
from jupyter_modelpack.oci.layer import write_layer
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import Directory, Entry, File, Link, Tree

HERE = Path(__file__).parent
RUNTIME = HERE.parent.parent / "jupyter_modelpack" / "runtime"
NAME = "modelpack.local/small"
_USED = (
    "__future__, dataclasses, encodings.utf_8, importlib._abc, json, os, pathlib, pkgutil, runpy, "
    "stat, sys, typing"
)
_LIST = "for m in list(sys.modules.values()): print(getattr(m, '__file__', None) or '')"


@dataclass(frozen=True)
class SmallImage:
    """An OCI archive, and the reference by digest under which an engine knows it once loaded."""

    archive: Path
    layout: Path
    digest: str

    @property
    def reference(self) -> str:
        return f"{NAME}@{self.digest}"


def make_small_image(directory: Path) -> SmallImage:
    """Write the image's layout and archive into ``directory`` (about 20 MB)."""
    layout = Layout(directory / "layout")
    layers = [write_layer(tree, layout) for tree in (_interpreter(), _code())]
    python = "/opt/python/bin/python3"
    config = ImageConfig(
        entrypoint=(python, "/opt/modelpack"),
        cmd=("run",),
        env={"LD_LIBRARY_PATH": "/opt/python/lib", "LANG": "C.UTF-8", "HOME": "/work"},
    )
    image = write_image(layers, config, layout)
    layout.tag(f"{NAME}:1.0.0", image.manifest)
    archive = directory / "small.tar"
    with archive.open("wb") as stream:
        export_oci_archive(layout, image.digest, f"{NAME}:1.0.0", stream)
    return SmallImage(archive, layout.path, str(image.digest))


def _interpreter() -> Tree:
    binary = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    library = Path(sys.base_prefix, "lib", binary.name)
    listed = _output(str(binary), "-I", "-c", f"import {_USED}\n{_LIST}").splitlines()
    modules = [
        Path(line)
        for line in listed
        if line.startswith(f"{library}/") and "site-packages" not in line
    ]
    native = [binary, *(module for module in modules if module.suffix == ".so")]
    entries: dict[str, Entry] = {
        "opt/python/bin/python3": Link("opt/python/bin/python3", binary.name),
        f"opt/python/bin/{binary.name}": File(
            f"opt/python/bin/{binary.name}", source=str(binary.resolve()), executable=True
        ),
    }
    for module in modules:
        path = f"opt/python/lib/{binary.name}/{module.relative_to(library).as_posix()}"
        entries[path] = File(path, source=str(module))
    for needed in {found for file in native for found in _needed(file)}:
        path = f"opt/python/lib/{needed.name}"
        if "ld-linux" in needed.name:
            path = f"lib64/{needed.name}"
        entries[path] = File(path, source=str(needed.resolve()), executable=True)
    return Tree("Python", "interpreter", tuple(entries.values()))


def _code() -> Tree:
    package = "opt/modelpack/modelpack_runtime"
    entries: list[Entry] = [
        File("opt/modelpack/__main__.py", source=str(HERE / "stand_in_runtime.py")),
        *(
            File(f"{package}/{name}", source=str(RUNTIME / name))
            for name in ("__init__.py", "kubeflow.py", "refusal.py")
        ),
        File("etc/passwd", content=b"notebook:x:65532:65532::/work:/sbin/nologin\n"),
        Directory("work", 0o1777),
        Directory("tmp", 0o1777),
        Directory("anyone", 0o1777),  # writable for every user unless the root is read-only
    ]
    return Tree("the stand-in runtime", "code", tuple(entries))


def _needed(file: Path) -> list[Path]:
    words = [line.split() for line in _output("ldd", str(file)).splitlines()]
    return [Path(word) for line in words for word in line if word.startswith("/")]


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
