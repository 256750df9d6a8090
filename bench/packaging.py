"""Packaging the churn example: the first time, after a one-cell edit, and its peak memory."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.report import Report
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import read_image
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.unpack import unpack_layer

ROOT = Path(__file__).parent.parent
ROUNDS = 3


@dataclass(frozen=True)
class Ours:
    """What the comparison needs: records of a first and of a second package, and the notebook."""

    first: dict[str, Any]
    second: dict[str, Any]
    notebook: Path
    data_dir: Path


def measure(home: Path, report: Report) -> Ours:
    """Package cold and warm, and compare the image step with tar into sha256sum."""
    notebook = _copy(home)
    package(notebook, home / "warm-up")  # the files of the environment are in memory from here on
    colds = [package(notebook, home / f"cold-{n}") for n in range(ROUNDS)]
    unpacked = _unpacked(home / "cold-0", colds[0]["digest"], home / "unpacked")
    floors = [_floor(unpacked) for _ in range(ROUNDS)]
    floor = statistics.median(floors)
    image = statistics.median(cold["seconds"]["image"] for cold in colds)
    report.add("files in the image, tar | sha256sum", floor, "s")
    report.add("(a) first package: image step", image, "s")
    report.add("(a) image step / floor", image / floor, "x", most=1.3)
    for step in ("inspect", "environment", "verify", "job", "total"):
        seconds = statistics.median(cold["seconds"][step] for cold in colds)
        report.add(f"first package: {step}", seconds, "s")
    seconds = []
    for number in range(ROUNDS):
        edit(notebook, number)
        seconds.append(package(notebook, home / "cold-0"))
    second = statistics.median(s["seconds"]["image"] for s in seconds)
    rest = statistics.median(s["seconds"]["total"] - s["seconds"]["verify"] for s in seconds)
    verify = statistics.median(s["seconds"]["verify"] for s in seconds)
    report.add("(b) after a one-cell edit: image step", second, "s", most=0.3)
    report.add("(b) everything but the verify run", rest, "s", most=1.0)
    report.add("(b) verify run", verify, "s")
    report.add("peak memory of a build", _memory(notebook, home / "memory"), "MiB", most=300)
    middle = sorted(seconds, key=lambda s: s["seconds"]["total"] - s["seconds"]["verify"])
    return Ours(colds[0], middle[ROUNDS // 2], notebook, home / "cold-0")


def package(notebook: Path, data_dir: Path) -> dict[str, Any]:
    """Package by the command line, as a user does, and return the record."""
    done = subprocess.run(
        [*_command(), "package", str(notebook), "--json", "--data-dir", str(data_dir)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def edit(notebook: Path, number: int) -> None:
    """Change one cell."""
    text = notebook.read_text()
    notebook.write_text(re.sub(r"max_iter=\d+", f"max_iter={81 + number}", text))


def _command() -> list[str]:
    return [sys.executable, "-m", "jupyter_modelpack"]


def _copy(home: Path) -> Path:
    folder = home / "notebook"
    folder.mkdir()
    for name in ("churn.ipynb", "customers.csv"):
        shutil.copy(ROOT / "examples" / name, folder)
    return folder / "churn.ipynb"


def _unpacked(data_dir: Path, digest: str, into: Path) -> Path:
    layout = Layout(data_dir / "store")
    into.mkdir()
    for layer in read_image(layout, Digest(digest)).layers:
        with layout.open(layer.descriptor.digest) as stream:
            unpack_layer(stream, layer.descriptor.media_type, into)
    return into


def _floor(folder: Path) -> float:
    """Return the seconds that tar of the same files into sha256sum takes."""
    began = time.monotonic()
    tar = subprocess.Popen(["tar", "cf", "-", "-C", str(folder), "."], stdout=subprocess.PIPE)
    subprocess.run(["sha256sum"], stdin=tar.stdout, stdout=subprocess.DEVNULL, check=True)
    tar.wait()
    return time.monotonic() - began


def _memory(notebook: Path, data_dir: Path) -> float:
    """Return the peak resident memory, in MiB, of the packaging process itself in a cold build."""
    command = [*_command(), "package", str(notebook), "--no-verify", "--json"]
    pid = os.posix_spawn(
        sys.executable,
        [*command, "--data-dir", str(data_dir)],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit("the build whose memory was to be measured failed")
    return usage.ru_maxrss / 1024
