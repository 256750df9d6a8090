"""Isolation without other programs: Linux namespaces, or a plain process with the image's files."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.sandbox import launch_program
from jupyter_modelpack.adapters.sandbox.container import (
    USER,
    Container,
    Root,
    Running,
    supervised,
)
from jupyter_modelpack.adapters.sandbox.request import Isolation

_SHM_BYTES = 1 << 30
_TRY_DIRECTORIES = ("dev", "proc", "tmp", "work", "probe")
_LOADERS = {
    "x86_64": "lib64/ld-linux-x86-64.so.2",
    "aarch64": "lib/ld-linux-aarch64.so.1",
    "ppc64le": "lib64/ld64.so.2",
    "s390x": "lib/ld64.so.1",
    "riscv64": "lib/ld-linux-riscv64-lp64d.so.1",
}


class Namespaces:
    """Starts a container in user namespaces that this process makes itself."""

    isolation = Isolation(
        "namespaces",
        True,
        "Kept apart by user namespaces: it saw its own folder and nothing else.",
    )

    def problem(self) -> str | None:
        """Return why namespaces cannot be made here, or None."""
        if sys.platform != "linux":
            return "this is not Linux"
        with tempfile.TemporaryDirectory(prefix="modelpack-try-") as folder:
            base = Path(folder)
            for name in _TRY_DIRECTORIES:
                (base / name).mkdir()
            # the program that is started does not exist, so only the way to it is tried
            container = Container(
                Root(base), ("/probe",), {}, base / "work", base / "tmp", "modelpack-try"
            )
            read, write = os.pipe()
            try:
                running = self.start(container, write)
            finally:
                os.close(write)
            with os.fdopen(read, "rb") as stream:
                said = stream.read().decode("utf-8", "replace").strip()
            running.process.wait()
        return None if "Permission denied: '/probe'" in said else said or "no answer"

    def start(self, container: Container, log: int) -> Running:
        """Start the process as the second one of new namespaces."""
        etc = [("etc/resolv.conf", "/etc/resolv.conf"), ("etc/hosts", "/etc/hosts")]
        order = {
            "namespaces": True,
            "argv": container.argv,
            "env": dict(container.env),
            "user": USER,
            "network": container.network,
            "base": str(container.root.base),
            "over": [(place, str(path)) for place, path in container.root.over.items()],
            "work": str(container.work),
            "tmp": str(container.tmp),
            "stage": str(container.tmp),
            "inputs": [(place, str(path)) for place, path in container.inputs.items()],
            "etc": [(place, source) for place, source in etc if Path(source).exists()]
            if container.network
            else [],
            "shm_bytes": _SHM_BYTES,
        }
        return supervised(_launch(order, log), depth=2)


class PlainProcess:
    """Starts the image's own Python with the image's own loader, as an ordinary process."""

    isolation = Isolation(
        "process",
        False,
        "It ran as a plain process with only the image's files, because this machine offers no "
        "sandbox; the network and the disk were open to it.",
    )

    def problem(self) -> str | None:
        """Return None: this always works on Linux."""
        return None if sys.platform == "linux" else "this is not Linux"

    def start(self, container: Container, log: int) -> Running:
        """Start the process; what it leaves behind is ended with it."""
        argv = [*_loader(container.root), *(_host(container, word) for word in container.argv)]
        env = {name: _host_paths(container, value) for name, value in container.env.items()}
        env["PYTHONHOME"] = _host(container, "/opt/python")
        env["TMPDIR"] = str(container.tmp)
        order = {
            "namespaces": False,
            "argv": argv,
            "env": env,
            "work": str(container.work),
        }
        return supervised(_launch(order, log), depth=1)


def _launch(order: dict[str, Any], log: int) -> subprocess.Popen[bytes]:
    read, write = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", launch_program.__file__, str(read)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": os.defpath},
            pass_fds=(read,),
            start_new_session=True,
        )
    except BaseException:
        os.close(write)
        raise
    finally:
        os.close(read)
    with os.fdopen(write, "w", encoding="utf-8") as stream:
        json.dump({**order, "parent": os.getpid()}, stream)
    return process


def _loader(root: Root) -> list[str]:
    loader = root.host_path(_LOADERS.get(platform.machine(), "lib64/ld-linux-x86-64.so.2"))
    if not loader.exists():
        return []
    triplet = f"{platform.machine()}-linux-gnu"
    places = ("opt/python/lib", "opt/native/lib", f"lib/{triplet}", f"usr/lib/{triplet}", "lib64")
    existing = [str(root.host_path(place)) for place in places if root.host_path(place).is_dir()]
    return [str(loader.resolve()), "--library-path", ":".join(existing)]


def _host_paths(container: Container, value: str) -> str:
    return ":".join(_host(container, part) for part in value.split(":"))


def _host(container: Container, path: str) -> str:
    """Return the host's path for one of the image, and any other text as it is."""
    for place, source in (("/work", container.work), ("/tmp", container.tmp)):
        if path == place or path.startswith(place + "/"):
            return str(source) + path[len(place) :]
    if not path.startswith("/"):
        return path
    there = container.root.host_path(path)
    return str(there) if there.exists() else path
