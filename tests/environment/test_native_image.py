"""Real interpreters run in a root made of the native closure and the base, with no host file."""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.elf import LinuxMachine
from jupyter_modelpack.environment.base import base_entries
from jupyter_modelpack.environment.loader import Loader
from jupyter_modelpack.environment.native import ElfFile, NativeClosure, native_closure
from jupyter_modelpack.oci.tree import Directory, Entry, File, Link

VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
_FACTS = """
import json, sys, sysconfig
print(json.dumps({
    "python_version": "%d.%d.%d" % sys.version_info[:3],
    "implementation": sys.implementation.name,
    "cache_tag": sys.implementation.cache_tag,
    "executable": sys.executable,
    "prefix": sys.prefix,
    "base_prefix": sys.base_prefix,
    "stdlib": sysconfig.get_path("stdlib"),
    "paths": [p for p in sys.path if p and not p.endswith(".zip")],
}))
"""


@dataclass(frozen=True)
class Python:
    """One interpreter of this machine, asked directly and not through our probe."""

    python_version: str
    implementation: str
    cache_tag: str
    executable: str
    prefix: str
    base_prefix: str
    stdlib: str
    paths: tuple[str, ...]

    @property
    def short(self) -> str:
        return ".".join(self.python_version.split(".")[:2])


@cache
def ask(executable: str) -> Python:
    done = subprocess.run(
        [executable, "-B", "-c", _FACTS], capture_output=True, check=True, cwd="/", timeout=60
    )
    facts = json.loads(done.stdout)
    return Python(**{**facts, "paths": tuple(facts["paths"])})


def pyenv_python(version: str) -> Python:
    """Return pyenv's newest interpreter of a version, or skip."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = sorted(root.glob(f"{version}.*/bin/python{version}"))
    if not found:
        pytest.skip(f"pyenv has no Python {version} on this machine")
    return ask(str(found[-1]))


def require(program: str) -> str:
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def shared_objects(directory: str, image: str) -> list[ElfFile]:
    return [
        ElfFile(f"{base}/{name}", f"{image}{base[len(directory) :]}/{name}")
        for base, _, names in os.walk(directory)
        for name in sorted(names)
        if name.endswith(".so") or ".so." in name
    ]


def closures(python: Python, packages: Mapping[str, str]) -> tuple[NativeClosure, NativeClosure]:
    """Return the closure of the interpreter with its library, and that of ``packages``."""
    machine = LinuxMachine()
    real = os.path.realpath(python.executable)
    loader = Loader.of(machine, real)
    assert loader is not None
    files = [ElfFile(real, f"opt/python/bin/python{python.short}")]
    files += shared_objects(python.stdlib + "/lib-dynload", f"{image_library(python)}/lib-dynload")
    prefixes = {python.base_prefix: "opt/python"}
    first = native_closure(files, loader, program=real, prefixes=prefixes)
    more = [file for host, image in packages.items() for file in shared_objects(host, image)]
    second = native_closure(more, loader, program=real, prefixes=prefixes, already=first)
    return first, second


def image_library(python: Python) -> str:
    return f"opt/python/lib/python{python.short}"


def materialise(entries: Iterable[Entry], root: Path) -> None:
    for entry in entries:
        path = root / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(entry, Directory):
            path.mkdir(exist_ok=True)
            path.chmod(entry.mode)
        elif isinstance(entry, Link):
            path.symlink_to(entry.target)
        elif isinstance(entry, File):
            if entry.content is not None:
                path.write_bytes(entry.content)
            else:
                shutil.copyfile(entry.source, path)
            path.chmod(0o755 if entry.executable else 0o644)


def sealed_python(python: Python, packages: Mapping[str, str], root: Path) -> list[str]:
    """Make ``root`` an image of ``python`` and return the command that runs it, with no host file.

    ``packages`` maps directories of the host to their places in the image; with the standard
    library they are bound instead of copied, to be quick.
    """
    bwrap = require("bwrap")
    first, second = closures(python, packages)
    materialise((*base_entries(LinuxMachine()), *first.files, *second.files), root)
    program = root / f"opt/python/bin/python{python.short}"
    program.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(os.path.realpath(python.executable), program)
    program.chmod(0o755)
    binds = {python.stdlib: f"/{image_library(python)}"}
    binds.update({host: f"/{image}" for host, image in packages.items()})
    command = [bwrap, "--unshare-all", "--die-with-parent", "--clearenv", "--as-pid-1"]
    command += ["--ro-bind", str(root), "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    command += ["--tmpfs", "/work", "--chdir", "/work", "--uid", "65532", "--gid", "65532"]
    for host, image in binds.items():
        (root / image[1:]).mkdir(parents=True, exist_ok=True)
        command += ["--ro-bind", host, image]
    for name, value in {
        "LD_LIBRARY_PATH": "/opt/python/lib:/opt/native/lib",
        "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
        "LANG": "C.UTF-8",
        "HOME": "/work",
        "PYTHONDONTWRITEBYTECODE": "1",
    }.items():
        command += ["--setenv", name, value]
    return [*command, f"/opt/python/bin/python{python.short}"]


def run(command: list[str], program: str) -> str:
    done = subprocess.run(
        [*command, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


_STANDARD = """
import bz2, ctypes, getpass, hashlib, locale, lzma, os, pwd, socket, sqlite3, ssl, sys, uuid

def maps():
    with open("/proc/self/maps") as lines:
        return [line.split()[-1] for line in lines if ".so" in line]

assert sys.prefix == "/opt/python", sys.prefix
assert not os.path.exists("/root") and not os.path.exists("/bin"), os.listdir("/")
assert getpass.getuser() == "modelpack" and pwd.getpwuid(os.getuid()).pw_dir == "/work"
assert locale.setlocale(locale.LC_ALL, "") == "C.UTF-8"
assert sqlite3.connect(":memory:").execute("select 1").fetchone() == (1,)
assert hashlib.new("sha256", b"x").digest() and lzma.compress(b"") and bz2.compress(b"")
assert ssl.create_default_context().get_ca_certs(), "no CA file"
os.environ.pop("SSL_CERT_FILE")
assert ssl.create_default_context().get_ca_certs(), "no CA file in OpenSSL's own place"
assert socket.getaddrinfo("localhost", "https")[0][4] == ("127.0.0.1", 443)
import time
os.environ["TZ"] = "Europe/Berlin"
time.tzset()
assert time.localtime(1593561600).tm_hour == 2, time.tzname
crypto = ctypes.CDLL(next(p for p in maps() if "/libcrypto" in p))
crypto.OSSL_PROVIDER_load.restype = ctypes.c_void_p
print("legacy", bool(crypto.OSSL_PROVIDER_load(None, b"legacy")))
assert all(p.startswith(("/usr/lib", "/opt/")) for p in maps()), maps()
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_pyenv_python_runs_with_nothing_of_the_host(version: str, tmp_path: Path) -> None:
    out = run(sealed_python(pyenv_python(version), {}, tmp_path), _STANDARD)
    print(f"Python {version} sealed: {out.strip()}")
    assert "legacy True" in out


def test_debian_python_runs_with_nothing_of_the_host(tmp_path: Path) -> None:
    if not Path("/usr/bin/python3").exists():
        pytest.skip("this machine has no /usr/bin/python3")
    run(sealed_python(ask("/usr/bin/python3"), {}, tmp_path), _STANDARD)


_NAMES = """
import socket, struct, threading
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))

def answer():
    while True:
        query, client = server.recvfrom(512)
        end = query.index(b"\\0", 12) + 5
        kind = struct.unpack(">H", query[end - 4 : end - 2])[0]
        reply = b"\\xc0\\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, 7])
        found = kind == 1
        head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, found, 0, 0)
        server.sendto(head + query[12:end] + (reply if found else b""), client)

threading.Thread(target=answer, daemon=True).start()
print(socket.gethostbyname("registry.example"))
"""


def test_names_are_resolved_by_dns_and_by_the_hosts_file(tmp_path: Path) -> None:
    python = ask(sys.executable)
    command = sealed_python(python, {}, tmp_path)
    command = ["0" if word == "65532" else word for word in command]
    command[1:1] = ["--cap-add", "CAP_NET_BIND_SERVICE"]
    assert run(command, _NAMES).strip() == "192.0.2.7"


_SCIENCE = """
import ctypes, importlib.util, os, subprocess, sys
names = [n for n in {names!r} if importlib.util.find_spec(n)]
for name in names:
    importlib.import_module(name)
import numpy
assert numpy.linalg.inv(numpy.eye(3)).sum() == 3
libc = ctypes.CDLL(None)
libc.iconv_open.restype = ctypes.c_ssize_t
converts = [libc.iconv_open(name, b"UTF-8") != -1 for name in (b"UTF-16", b"LATIN1", b"CP1252")]
assert all(converts) == {converts!r}, converts
maps = [line.split()[-1] for line in open("/proc/self/maps")]
loader = next(path for path in maps if os.path.basename(path).startswith("ld-"))
for path in {files!r}:
    done = subprocess.run([loader, "--list", path], stdout=-1, stderr=-2, universal_newlines=True)
    lost = [line.split()[0] for line in done.stdout.splitlines() if "not found" in line]
    if lost:
        print(path, *lost)
"""


def test_science_packages_run_with_nothing_of_the_host(tmp_path: Path) -> None:
    python = ask(sys.executable)
    site = sysconfig.get_path("platlib")
    packages = {site: f"{image_library(python)}/site-packages"}
    first, second = closures(python, packages)
    objects = shared_objects(site, packages[site])[::4]
    program = _SCIENCE.format(
        names=["numpy", "scipy.linalg", "pandas", "sklearn.linear_model", "xgboost"],
        converts=any("/gconv/" in entry.path for entry in (*first.files, *second.files)),
        files=["/" + file.image_path for file in objects],
    )
    out = run(sealed_python(python, packages, tmp_path), program)
    found = {(line.split()[0][1:], name) for line in out.splitlines() for name in line.split()[1:]}
    known = {(m.needed_by, m.soname) for m in (*first.missing, *second.missing)}
    names = {posixpath.basename(path) for path in second.placed.values()}
    unknown = {row for row in found - known if row[1] not in names}
    print(f"ld.so in the image: {len(objects)} objects, {len(found)} not found, {len(unknown)} new")
    assert not unknown


def test_closure_holds_all_that_ldd_finds() -> None:
    ldd = require("ldd")
    python = ask(sys.executable)
    site = sysconfig.get_path("platlib")
    _, closure = closures(python, {site: f"{image_library(python)}/site-packages"})
    objects = [os.path.realpath(sys.executable)]
    objects += [f.host_path for f in shared_objects(python.stdlib + "/lib-dynload", "x")][::3]
    objects += [file.host_path for file in shared_objects(site, "x")][::10]
    done = subprocess.run([ldd, *objects], capture_output=True, text=True, check=False, timeout=120)
    named = {m.group(1) for m in re.finditer(r"=> (/\S+) \(", done.stdout)}
    absent = {path for path in named if os.path.realpath(path) not in closure.placed}
    print(f"ldd: {len(objects)} objects, {len(named)} libraries, {len(absent)} not in the closure")
    assert named
    assert not absent
