"""Debian's docker-registry, started on a free port with a folder of its own."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

BINARY = "docker-registry"


@dataclass(frozen=True)
class Real:
    host: str
    folder: Path


@contextmanager
def start_real(
    folder: Path,
    auth: Mapping[str, Any] | None = None,
    tls: tuple[Path, Path] | None = None,
    address: str = "127.0.0.1",
) -> Iterator[Real]:
    """Start one and stop it afterwards; the test is skipped where it is not installed."""
    if shutil.which(BINARY) is None:
        print(f"skipped: {BINARY} is not installed")
        pytest.skip(f"{BINARY} is not installed (Debian: apt-get install docker-registry)")
    port = free_port()
    settings: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "data")},
            "delete": {"enabled": True},
        },
        "http": {"addr": f"{address}:{port}", "secret": "of a test"},
    }
    if auth:
        settings["auth"] = dict(auth)
    if tls:
        settings["http"]["tls"] = {"certificate": str(tls[0]), "key": str(tls[1])}
    config = folder / "config.yml"
    config.write_text(yaml.safe_dump(settings))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [BINARY, "serve", str(config)], stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(f"{'https' if tls else 'http'}://{address}:{port}/v2/", process, folder / "log")
        yield Real(f"{address}:{port}", folder)
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    anyhow = ssl._create_unverified_context()
    for _ in range(600):
        if _answers(url, anyhow):
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def _answers(url: str, context: ssl.SSLContext) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5, context=context).close()
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
