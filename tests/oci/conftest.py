"""What the tests of images share: a layout, projects made from a seed, and other Pythons."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.oci.config import ImageConfig
from jupyter_modelpack.oci.image import Image, write_image
from jupyter_modelpack.oci.layer import write_layers
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import Directory, Entry, File, Link, Tree

_NAMES = ["a", "b-c", "b", "größe", "data set", "x" * 90, "y.tar", "日本", "-", "lib", "lib64"]


def _project(seed: int) -> list[Tree]:
    chance = random.Random(seed)
    trees = []
    for number in range(chance.randint(1, 4)):
        entries: dict[str, Entry] = {}
        for _ in range(chance.randint(0, 25)):
            path = "/".join(chance.choices(_NAMES, k=chance.randint(1, 5)))
            entry: Entry = chance.choice(
                [
                    File(path, content=chance.randbytes(chance.choice([0, 1, 511, 512, 9000]))),
                    File(path, content=b"#!", executable=True),
                    Link(path, chance.choice(["/", "..", "a/b", "z" * 150, "größe"])),
                    Directory(path, chance.choice([0o755, 0o1777])),
                ]
            )
            taken = set(entries) | {
                above(p, n) for p in entries for n in range(1, p.count("/") + 1)
            }
            holders = {above(path, n) for n in range(1, path.count("/") + 1)}
            clash = any(not isinstance(entries.get(h, Directory("a")), Directory) for h in holders)
            if path not in taken and not clash:
                entries[path] = entry
        trees.append(Tree(f"part {number}", "code", tuple(entries.values())))
    return trees


def above(path: str, depth: int) -> str:
    return "/".join(path.split("/")[:depth])


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "store")


@pytest.fixture(scope="session")
def project() -> Callable[[int], list[Tree]]:
    """Trees that look random and are the same for the same seed."""
    return _project


@pytest.fixture(scope="session")
def build() -> Callable[..., Image]:
    """Write trees as an image."""

    def run(trees: list[Tree], layout: Layout, compression: str = "none") -> Image:
        layers = write_layers(trees, layout, compression=compression)
        config = ImageConfig(entrypoint=("/opt/python/bin/python3",), architecture="amd64")
        return write_image(layers, config, layout, {"a": "b"})

    return run


@pytest.fixture(scope="session")
def pythons() -> dict[str, Path]:
    """The interpreters of this machine that the server may run on, by version."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for version in ("3.10", "3.11", "3.12", "3.13", "3.14"):
        for path in sorted(root.glob(f"{version}.*/bin/python3")):
            found[version] = path
    missing = [v for v in ("3.10", "3.11", "3.12", "3.13", "3.14") if v not in found]
    if missing:
        print(f"not on this machine, so not tried: Python {', '.join(missing)}")
    return found
