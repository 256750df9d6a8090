"""What was captured runs from /opt/python, with nothing but the image's files around it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.adapters.elf import LinuxMachine
from jupyter_modelpack.adapters.host_files import HostFiles
from jupyter_modelpack.adapters.kernel_probe import probe_kernel
from jupyter_modelpack.environment.base import base_tree
from jupyter_modelpack.environment.capture import (
    capture_distributions,
    distribution_trees,
    interpreter_tree,
)
from jupyter_modelpack.environment.closure import select
from jupyter_modelpack.environment.facts import Facts
from jupyter_modelpack.environment.loader import Loader
from jupyter_modelpack.environment.local import Wanted
from jupyter_modelpack.environment.native import elf_files, native_closure
from jupyter_modelpack.oci.tree import Directory, File, Link, Tree

SEES = """
import importlib.metadata, json, sys, sysconfig
import bz2, ctypes, hashlib, lzma, site, sqlite3, ssl, zlib
for module in {modules!r}:
    __import__(module)
print(json.dumps({{
    "prefixes": [sys.prefix, sys.exec_prefix, sys.base_prefix, sysconfig.get_path("stdlib")],
    "path": sys.path,
    "files": sorted({{getattr(m, "__file__", None) or "" for m in list(sys.modules.values())}}),
    "distributions": sorted(d.metadata["Name"] for d in importlib.metadata.distributions()),
}}))
"""


class Image:
    """A root directory that holds what an image would, and nothing else."""

    def __init__(self, root: Path, bubblewrap: str, facts: Facts, trees: Iterable[Tree]) -> None:
        self.root, self.bubblewrap, self.facts = root, bubblewrap, facts
        for tree in trees:
            for entry in tree.entries:
                place = root / entry.path
                place.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(entry, Directory):
                    place.mkdir(exist_ok=True)
                elif place.exists() or place.is_symlink():
                    continue
                elif isinstance(entry, Link):
                    place.symlink_to(entry.target)
                elif isinstance(entry, File):
                    self._write(place, entry)

    def _write(self, place: Path, entry: File) -> None:
        if entry.content is not None:
            place.write_bytes(entry.content)
            return
        _link_or_copy(entry.source, place)
        assert os.access(place, os.X_OK) or not entry.executable

    def run(self, program: str) -> str:
        command = [self.bubblewrap, "--unshare-all", "--die-with-parent", "--clearenv"]
        command += ["--ro-bind", str(self.root), "/", "--proc", "/proc", "--dev", "/dev"]
        command += ["--tmpfs", "/tmp", "--chdir", "/tmp", "--setenv", "HOME", "/tmp"]
        command += ["--setenv", "LD_LIBRARY_PATH", "/opt/python/lib:/opt/native/lib"]
        command += [f"/{self.facts.image_python}", "-B", "-W", "error", "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout

    def sees(self, *modules: str) -> Any:
        return json.loads(self.run(SEES.format(modules=modules)))


@pytest.fixture
def image(tmp_path: Path, bubblewrap: str, kernel_of: Any) -> Callable[..., Image]:
    """Capture an interpreter with what ``modules`` need and lay it out."""

    def make(python: Path, *modules: str) -> Image:
        facts, host, machine = probe_kernel(kernel_of(python)), HostFiles(), LinuxMachine()
        selection = select([Wanted(module) for module in modules], facts, host)
        assert selection.missing == ()
        trees = [
            interpreter_tree(facts, host, keep=selection.standard),
            *distribution_trees(capture_distributions(selection, facts, host)),
        ]
        loader = Loader.of(machine, facts.program)
        assert loader is not None
        prefixes = {facts.base_prefix: "opt/python", facts.prefix: "opt/python"}
        closure = native_closure(elf_files(trees), loader, program=facts.program, prefixes=prefixes)
        native = Tree("native libraries", "interpreter", closure.files)
        return Image(tmp_path / "root", bubblewrap, facts, [*trees, native, base_tree(machine)])

    return make


@pytest.fixture
def stand_in(install: Any, wheel: Any) -> Callable[[Path], None]:
    """Install a small IPython and a small distribution into a site directory."""

    def write(site: Path) -> None:
        install(site, wheel("ipython", {"IPython/__init__.py": ""}))
        files = {"demo/__init__.py": "from demo.part import VALUE", "demo/part.py": "VALUE = 1"}
        install(site, wheel("demo", files, requires=["needed"]))
        install(site, wheel("needed", {"needed_ns/inner.py": ""}, record=False))
        install(site, wheel("not-needed", {"not_needed.py": ""}))

    return write


def check(seen: Any, facts: Facts, *distributions: str) -> None:
    library = f"/opt/python/lib/{facts.library}"
    assert seen["prefixes"] == ["/opt/python", "/opt/python", "/opt/python", library]
    assert all(place.startswith("/opt/python/") for place in seen["path"] if place)
    assert all(name.startswith("/opt/python/") for name in seen["files"] if name)
    assert seen["distributions"] == sorted(distributions)


def test_every_interpreter_runs_relocated(
    interpreter: Path, venv: Any, site_of: Any, stand_in: Any, image: Callable[..., Image]
) -> None:
    python = venv(interpreter)
    stand_in(site_of(python))
    captured = image(python, "demo", "needed_ns.inner")
    seen = captured.sees("demo", "needed_ns.inner", "IPython", "unittest", "email", "decimal")
    check(seen, captured.facts, "demo", "ipython", "needed")
    print(f"Python {captured.facts.python_version} runs from /opt/python, a venv's packages too")


def test_a_venv_of_copies_runs(
    few_interpreters: Path, venv: Any, site_of: Any, stand_in: Any, image: Callable[..., Image]
) -> None:
    python = venv(few_interpreters, "copied", "--copies")
    stand_in(site_of(python))
    captured = image(python, "demo")
    check(captured.sees("demo"), captured.facts, "demo", "ipython", "needed")


def test_a_conda_like_prefix_runs(
    tmp_path: Path, install: Any, stand_in: Any, image: Callable[..., Image], kernel_of: Any
) -> None:
    base = probe_kernel(kernel_of(Path(sys.executable)))
    prefix = tmp_path / "miniconda" / "envs" / "lab"
    (prefix / "bin").mkdir(parents=True)
    shutil.copy2(base.program, prefix / "bin" / base.library)
    (prefix / "bin" / "python").symlink_to(base.library)
    shutil.copytree(
        base.stdlib,
        prefix / "lib" / base.library,
        copy_function=_link_or_copy,
        ignore=shutil.ignore_patterns("site-packages", "__pycache__", "test", "config-*"),
    )
    site = prefix / "lib" / base.library / "site-packages"
    site.mkdir()
    stand_in(site)
    info = f"lib/{base.library}/site-packages/tiles-3.dist-info"
    inside = f"lib/{base.library}/site-packages/tiles.py"
    listed = {"files": [f"{info}/METADATA", inside, "lib/libtiles.so.3", "bin/tiles"]}
    install(
        prefix,
        {
            f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiles\nVersion: 3\n",
            inside: "",
            "lib/libtiles.so.3": "",
            "bin/tiles": "#!/home/ada/miniconda/envs/lab/bin/python",
            "conda-meta/tiles-3-py_0.json": json.dumps(listed),
        },
    )
    captured = image(prefix / "bin" / "python", "demo", "tiles")
    check(captured.sees("demo", "tiles"), captured.facts, "demo", "ipython", "needed", "tiles")
    assert (captured.root / "opt/python/lib/libtiles.so.3").exists()
    assert not (captured.root / "opt/python/bin/tiles").exists()
    assert captured.facts.prefix == str(prefix)
    told = _mentions(captured.root, str(prefix))
    assert told == [], "the place of the environment must not be told"


def _link_or_copy(source: str, target: str | Path) -> None:
    """Link a file into a root that is only ever mounted read-only; copy it where that fails."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _mentions(root: Path, text: str) -> list[str]:
    return [
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    ]


def test_pandas_and_scikit_learn_run(image: Callable[..., Image]) -> None:
    for module in ("pandas", "sklearn", "IPython"):
        pytest.importorskip(module)
    captured = image(Path(sys.executable), "pandas", "sklearn.linear_model")
    out = captured.run(
        "import warnings; warnings.simplefilter('ignore')\n"
        "import pandas, sklearn, IPython.core.interactiveshell\n"
        "from sklearn.linear_model import LinearRegression\n"
        "frame = pandas.DataFrame({'x': [1.0, 2, 3], 'y': [2.0, 4, 6]})\n"
        "model = LinearRegression().fit(frame[['x']], frame['y'])\n"
        "print(round(float(model.coef_[0]), 6), pandas.Timestamp('2026-01-01', tz='Europe/Paris'))"
    )
    assert out == "2.0 2026-01-01 00:00:00+01:00\n"
    files = sum(path.is_file() for path in captured.root.rglob("*"))
    print(f"pandas and scikit-learn ran from {files} files, none of them the host's")
