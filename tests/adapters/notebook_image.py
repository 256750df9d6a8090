"""A real, small image: this machine's interpreter, IPython, our runtime and a given notebook."""

from __future__ import annotations

import importlib.util
import json
import marshal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import IPython

from jupyter_modelpack.oci.config import ImageConfig
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import write_image
from jupyter_modelpack.oci.layer import Layer, write_layer
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import Directory, Entry, File, Link, Tree
from jupyter_modelpack.runtime.contents import image_files

VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SITE = f"opt/python/lib/{VERSION}/site-packages"
_USED = (
    "IPython.core.interactiveshell, IPython.display, argparse, asyncio, codecs, ctypes, getpass, "
    "matplotlib_inline, multiprocessing.pool, socket, sqlite3, encodings.idna, "
    "multiprocessing.popen_fork, pexpect, traitlets.log, ssl, "
    "IPython.core.completerlib, resource, urllib.request"
)
_LIST = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("%time 1")
shell.find_cell_magic("bash")
for module in list(sys.modules.values()):
    print(getattr(module, "__file__", None) or "")
"""


def cell(source: str, *tags: str, kind: str = "code") -> dict[str, Any]:
    """Return a cell of a notebook."""
    made: dict[str, Any] = {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source}
    return {**made, "outputs": [], "execution_count": None} if kind == "code" else made


def notebook(cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a notebook of format 4.5."""
    named = [{**each, "id": f"cell-{number}"} for number, each in enumerate(cells, 1)]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": named}


class ImageMaker:
    """Makes images in one layout; the interpreter's layers are written once."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.layout = Layout(directory / "store")
        self._below: list[Layer] = []

    def image(
        self,
        cells: Sequence[Mapping[str, Any]],
        *,
        files: Mapping[str, bytes] | None = None,
        parameters: Mapping[str, Any] | None = None,
        inputs: Sequence[str] = (),
    ) -> Digest:
        """Return the digest of an image that runs the cells."""
        if not self._below:
            self._below = [write_layer(tree, self.layout) for tree in _interpreter()]
        manifest = {
            "schema": 1,
            "name": "test",
            "notebook": "test.ipynb",
            "parameters": [
                {"name": name, "type": type(value).__name__, "default": value}
                for name, value in (parameters or {}).items()
            ],
            "inputs": [{"path": path} for path in inputs],
        }
        entries = [File(path, content=content) for path, content in image_files().items()]
        entries += [
            File("app/modelpack.json", content=json.dumps(manifest).encode()),
            File("app/files/test.ipynb", content=json.dumps(notebook(cells)).encode()),
            *(File(f"app/files/{path}", content=data) for path, data in (files or {}).items()),
        ]
        code = write_layer(Tree("the notebook", "code", tuple(entries)), self.layout)
        python = f"/opt/python/bin/{VERSION}"
        config = ImageConfig(
            entrypoint=(python, "/opt/modelpack"),
            cmd=("run",),
            env={
                "PATH": "/opt/python/bin",
                "LD_LIBRARY_PATH": "/opt/python/lib:/opt/native/lib",
                "PYTHONDONTWRITEBYTECODE": "1",
                "LANG": "C.UTF-8",
                "HOME": "/work",
            },
        )
        return write_image([*self._below, code], config, self.layout).digest


def _interpreter() -> tuple[Tree, Tree]:
    prefix = Path(sys.base_prefix)
    binary = prefix / "bin" / VERSION
    listed = _output(sys.executable, "-I", "-B", "-c", f"import sys, {_USED}\n{_LIST}")
    modules = sorted({Path(line) for line in listed.splitlines() if line.startswith("/")})
    entries: dict[str, Entry] = {
        f"opt/python/bin/{VERSION}": File(
            f"opt/python/bin/{VERSION}", source=str(binary.resolve()), executable=True
        ),
        "opt/python/bin/python3": Link("opt/python/bin/python3", VERSION),
    }
    packages: dict[str, Entry] = {}
    native = [binary]
    for module in modules:
        inside = _inside(module, prefix)
        if inside is None:
            continue
        target = packages if inside.startswith(SITE) else entries
        target[inside] = File(inside, source=str(module))
        if module.suffix == ".so":
            native.append(module)
        elif module.suffix == ".py":
            place = f"{Path(inside).parent}/__pycache__/{module.stem}.{_tag()}.pyc"
            target[place] = File(place, content=_compiled(module))
    for data in Path(IPython.__file__).parent.rglob("*.json"):
        inside = f"{SITE}/IPython/{data.relative_to(Path(IPython.__file__).parent).as_posix()}"
        packages[inside] = File(inside, source=str(data))
    for needed in _needed(native):
        path = f"opt/python/lib/{needed.name}"
        if "ld-linux" in needed.name:
            path = f"lib64/{needed.name}"
        entries[path] = File(path, source=str(needed.resolve()), executable=True)
    for path, mode in (("work", 0o1777), ("tmp", 0o1777), ("anyone", 0o1777)):
        entries[path] = Directory(path, mode)
    entries["etc/passwd"] = File("etc/passwd", content=b"notebook:x:65532:65532::/work:/no\n")
    return (
        Tree(VERSION, "interpreter", tuple(entries.values())),
        Tree("IPython", "distributions", tuple(packages.values())),
    )


def _inside(module: Path, prefix: Path) -> str | None:
    for folder in (Path(sys.prefix), prefix):
        library = folder / "lib" / VERSION
        if module.is_relative_to(library):
            return f"opt/python/lib/{VERSION}/{module.relative_to(library).as_posix()}"
    return None


def _compiled(source: Path) -> bytes:
    """Return unchecked bytecode: the host's, with another head, or newly made."""
    cached = Path(importlib.util.cache_from_source(str(source)))
    if cached.exists():
        code = cached.read_bytes()[16:]
    else:
        code = marshal.dumps(compile(source.read_bytes(), str(source), "exec", dont_inherit=True))
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")
    return head + importlib.util.source_hash(source.read_bytes()) + code


def _tag() -> str:
    return str(sys.implementation.cache_tag)


def _needed(files: Sequence[Path]) -> list[Path]:
    listed = _output("ldd", *map(str, files)).splitlines()
    words = [word for line in listed if not line.endswith(":") for word in line.split()]
    return sorted({Path(word) for word in words if word.startswith("/")})


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
