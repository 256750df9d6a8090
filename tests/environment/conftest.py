"""Interpreters of this machine, a file system in memory, and distributions made by hand."""

from __future__ import annotations

import hashlib
import os
import posixpath
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.adapters.kernels import Kernel
from jupyter_modelpack.environment.host import HostEntry, HostFile

VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def pyenv_python(version: str) -> Path | None:
    root = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))) / "versions"
    found = sorted(root.glob(f"{version}.*/bin/python{version}"))
    return found[-1] if found else None


@pytest.fixture(params=[*VERSIONS, "system"])
def interpreter(request: pytest.FixtureRequest) -> Path:
    """Each Python that pyenv has here, and the system's own."""
    if request.param == "system":
        found = Path("/usr/bin/python3") if Path("/usr/bin/python3").exists() else None
    else:
        found = pyenv_python(request.param)
    if found is None:
        pytest.skip(f"no Python {request.param} on this machine")
    return found


@pytest.fixture(params=["3.8", "3.13", "system"])
def few_interpreters(request: pytest.FixtureRequest) -> Path:
    """The oldest and the newest Python, and the system's own."""
    if request.param == "system":
        found = Path("/usr/bin/python3") if Path("/usr/bin/python3").exists() else None
    else:
        found = pyenv_python(request.param)
    if found is None:
        pytest.skip(f"no Python {request.param} on this machine")
    return found


@pytest.fixture
def kernel_of() -> Callable[..., Kernel]:
    """Make the kernel of an interpreter."""

    def make(python: Path | str, *options: str, env: Mapping[str, str] | None = None) -> Kernel:
        command = (str(python), *options)
        return Kernel("test", "Test", "python", command, command, str(python), env or {})

    return make


@pytest.fixture
def venv(tmp_path: Path) -> Callable[..., Path]:
    """Make a virtual environment of an interpreter and return its Python."""

    def make(python: Path, name: str = "venv", *options: str) -> Path:
        place = tmp_path / name
        subprocess.run(
            [python, "-m", "venv", "--without-pip", *options, place], check=True, timeout=60
        )
        return place / "bin" / "python"

    return make


@pytest.fixture
def site_of() -> Callable[[Path], Path]:
    """Return the site-packages of a virtual environment's Python."""

    def find(python: Path) -> Path:
        return next((python.parent.parent / "lib").glob("python3*/site-packages"))

    return find


def metadata_text(name: str, version: str, requires: Iterable[str] = ()) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {line}" for line in requires]
    return "\n".join([*lines, "", f"Name: what {name} is about", ""])


def distribution_files(
    name: str,
    files: Mapping[str, str],
    version: str = "1.0",
    requires: Sequence[str] = (),
    record: bool = True,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the files of an installed wheel, by path from site-packages."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    out = dict(files)
    out[f"{info}/METADATA"] = metadata_text(name, version, requires)
    out[f"{info}/WHEEL"] = "Wheel-Version: 1.0\n"
    out[f"{info}/INSTALLER"] = "pip\n"
    out.update({f"{info}/{key}": text for key, text in (extra or {}).items()})
    if record:
        rows = [
            f"{path},sha256={hashlib.sha256(text.encode()).hexdigest()},{len(text)}"
            for path, text in out.items()
        ]
        out[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""])
    return out


@pytest.fixture
def wheel() -> Callable[..., dict[str, str]]:
    """Make the files of an installed distribution."""
    return distribution_files


@pytest.fixture
def install() -> Callable[..., None]:
    """Write the files of a distribution into a directory."""

    def write(site: Path, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


class MemoryHost:
    """A host whose files are a mapping from path to text."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = {posixpath.normpath(path): text.encode() for path, text in files.items()}

    def list(self, directory: str) -> Sequence[HostEntry]:
        below = directory.rstrip("/") + "/"
        rests = [path[len(below) :] for path in self.files if path.startswith(below)]
        names = {rest.partition("/")[0]: "/" in rest for rest in rests}
        return [HostEntry(name, is_directory) for name, is_directory in sorted(names.items())]

    def read(self, path: str) -> bytes | None:
        return self.files.get(posixpath.normpath(path))

    def file(self, path: str) -> HostFile | None:
        data = self.read(path)
        return None if data is None else HostFile(len(data), False, path)

    def real(self, path: str) -> str:
        return posixpath.normpath(path)

    def sha256(self, path: str) -> str:
        return hashlib.sha256(self.read(path) or b"").hexdigest()


@pytest.fixture
def memory_host() -> Callable[[Mapping[str, str]], MemoryHost]:
    """Make a host in memory."""
    return MemoryHost


def answer_of(prefix: str, site: str, **changes: Any) -> dict[str, Any]:
    """Return what the probe would answer for a Python under ``prefix``."""
    stdlib = f"{prefix}/lib/python3.11"
    answer = {
        "python_version": "3.11.7",
        "implementation": "cpython",
        "cache_tag": "cpython-311",
        "magic": "a70d0d0a",
        "abiflags": "",
        "extension_suffixes": [".cpython-311-x86_64-linux-gnu.so", ".abi3.so", ".so"],
        "platform": "linux",
        "machine": "x86_64",
        "libc": "glibc 2.36",
        "executable": f"{prefix}/bin/python",
        "program": f"{prefix}/bin/python3.11",
        "libpython": None,
        "prefix": prefix,
        "base_prefix": prefix,
        "stdlib": stdlib,
        "platlibdir": "lib",
        "sys_path": [f"{prefix}/lib/python311.zip", stdlib, f"{stdlib}/lib-dynload", site],
        "site_directories": [site],
        "builtin_modules": ["sys", "builtins"],
        "markers": {
            "implementation_name": "cpython",
            "implementation_version": "3.11.7",
            "os_name": "posix",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "platform_release": "6",
            "platform_system": "Linux",
            "platform_version": "1",
            "python_full_version": "3.11.7",
            "python_version": "3.11",
            "sys_platform": "linux",
        },
    }
    return {**answer, **changes}


@pytest.fixture
def answer() -> Callable[..., dict[str, Any]]:
    """Make a probe's answer."""
    return answer_of


@pytest.fixture
def bubblewrap() -> str:
    """The path of bwrap, if it works here."""
    program = shutil.which("bwrap")
    if program is None:
        pytest.skip("bubblewrap is not installed")
    tried = subprocess.run(
        [program, "--unshare-all", "--ro-bind", "/", "/", "true"], capture_output=True
    )
    if tried.returncode != 0:
        pytest.skip(f"bubblewrap does not work here: {tried.stderr.decode()[:100]}")
    return program
