"""What a user would do instead: a Dockerfile with pip install of the same pins, by buildah."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.packaging import ROOT, ROUNDS, Ours, edit
from bench.report import Report

_EMPTY = """{"cells": [], "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3",
"language": "python"}}, "nbformat": 4, "nbformat_minor": 5}"""
_DOCKERFILE = """\
FROM localhost/modelpack-bench-base
COPY pip /tmp/pip
COPY requirements.txt /tmp/requirements.txt
RUN ["/opt/python/bin/python3", "/tmp/pip", "install", "--no-cache-dir", \
"--disable-pip-version-check", "--target", "/usr/local/packages", "-r", "/tmp/requirements.txt"]
COPY churn.ipynb customers.csv /app/
"""


def measure(home: Path, ours: Ours, report: Report) -> None:
    """Build cold and after a one-cell edit, on a local base that holds the interpreter already."""
    missing = [tool for tool in ("buildah", "skopeo") if shutil.which(tool) is None]
    if missing or os.getuid() != 0:
        report.leave_out("(c) the Dockerfile", f"needs root and {', '.join(missing) or 'nothing'}")
        return
    buildah = _Buildah(home / "buildah")
    try:
        buildah.make_base(ours, home)
        context = _context(ours, home)
        cold = buildah.build(context)
        warms = []
        for number in range(ROUNDS):
            edit(context / "churn.ipynb", number)
            warms.append(buildah.build(context))
        warm = statistics.median(warms)
    finally:
        buildah.remove()
    total = ours.first["seconds"]["total"] - ours.first["seconds"]["verify"]
    again = ours.second["seconds"]["total"] - ours.second["seconds"]["verify"]
    size = ours.first["size"] / 1e6
    report.add("(c) Dockerfile by buildah, cold", cold, "s")
    report.add("(c) ahead of it, cold", cold / total, "x", least=8)
    report.add("(c) Dockerfile by buildah, after an edit", warm, "s")
    report.add("(c) ahead of it, after an edit", warm / again, "x", least=1)
    report.add("(c) size of its image", buildah.size, "MB")
    report.add("(c) ahead of it, size", buildah.size / size, "x", least=1)


class _Buildah:
    """buildah with a storage of its own."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.size = 0.0

    def _run(self, *words: str) -> str:
        storage = ["--root", str(self._home / "root"), "--runroot", str(self._home / "run")]
        done = subprocess.run(
            ["buildah", *storage, "--storage-driver", "overlay", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"buildah {words[0]} failed: {done.stderr[-2000:]}")
        return done.stdout

    def make_base(self, ours: Ours, home: Path) -> None:
        """Make a base image of the interpreter alone, from a package of an empty notebook."""
        folder = home / "base"
        folder.mkdir()
        notebook = folder / "base.ipynb"
        notebook.write_text(_EMPTY)
        data_dir = str(folder / "data")
        command = [sys.executable, "-m", "jupyter_modelpack"]
        archive = folder / "base.tar"
        for words in (
            ["package", str(notebook), "--no-verify"],
            ["export", "base", "--format", "oci-archive", "-o", str(archive)],
        ):
            subprocess.run(
                [*command, *words, "--data-dir", data_dir], check=True, stdout=subprocess.DEVNULL
            )
        name = self._run("from", "--name", "base", f"oci-archive:{archive}").strip()
        # The runtime's own packages are not part of a base: what is compared is installing them.
        root = Path(self._run("mount", name).strip())
        for packages in (root / "opt/python/lib").glob("python3.*/site-packages/*"):
            shutil.rmtree(packages) if packages.is_dir() else packages.unlink()
        self._run("umount", name)
        self._run("config", "--user", "0:0", name)
        self._run("commit", name, "localhost/modelpack-bench-base")

    def build(self, context: Path) -> float:
        """Build once and return the seconds."""
        began = time.monotonic()
        shared = ("/etc/ssl/certs", "/etc/pip.conf", "/etc/resolv.conf", "/etc/hosts")
        volumes = [f"--volume={path}:{path}:ro" for path in shared if Path(path).exists()]
        settings = [f"--env={k}" for k in os.environ if k.startswith(("PIP_", "HTTPS_PROXY"))]
        self._run(
            *("build", "--layers", "--isolation", "chroot", "--network", "host"),
            *(*volumes, *settings, "-t", "localhost/modelpack-bench", str(context)),
        )
        seconds = time.monotonic() - began
        (image,) = json.loads(self._run("images", "--json", "localhost/modelpack-bench"))
        self.size = _megabytes(image["size"])
        return seconds

    def remove(self) -> None:
        """Remove the storage."""
        shutil.rmtree(self._home, ignore_errors=True)


def _megabytes(text: str) -> float:
    """Read a size as buildah prints it, such as ``689 MB``."""
    number, unit = text.split()
    return float(number) * {"B": 1e-6, "KB": 1e-3, "MB": 1.0, "GB": 1e3}[unit.upper()]


def _context(ours: Ours, home: Path) -> Path:
    context = home / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(_DOCKERFILE)
    pins = [f"{d['name']}=={d['version']}" for d in ours.first["distributions"] if d["version"]]
    (context / "requirements.txt").write_text("\n".join(pins) + "\n")
    for name in ("churn.ipynb", "customers.csv"):
        shutil.copy(ROOT / "examples" / name, context)
    pip = Path(sys.prefix) / "lib"
    source = next(pip.glob("python3.*/site-packages/pip"))
    shutil.copytree(source, context / "pip")
    return context
