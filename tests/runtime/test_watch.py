"""Writes outside the work directory and network use are recorded, each with its cell."""

from __future__ import annotations

from pathlib import Path

from jupyter_modelpack.runtime.workspace import COPY_LIMIT
from tests.adapters.notebook_image import cell
from tests.runtime.notebook_runs import Runtime

WRITES = """
import os, pathlib, sqlite3, tempfile
for path in ("{0}/one.txt", "{0}/../two.txt"):
    try: open(path, "w")
    except OSError: pass
for act in (lambda: pathlib.Path("{0}/folder").mkdir(), lambda: os.remove("{0}/none"),
            lambda: sqlite3.connect("{0}/db"), lambda: os.rename("inside", "{0}/out")):
    try: act()
    except (OSError, sqlite3.Error): pass
open("here.txt", "a").close(); os.makedirs("sub/dir"); open("/dev/null", "w").close()
tempfile.NamedTemporaryFile().close(); sqlite3.connect(":memory:")
print(open("{0}/readable").read())
"""
NETWORK = """
import socket
for act in (lambda: socket.create_connection(("192.0.2.1", 80), 0.01),
            lambda: socket.getaddrinfo("models.example", 443),
            lambda: socket.create_connection(("127.0.0.1", 1), 0.01),
            lambda: socket.getaddrinfo("localhost", 80)):
    try: act()
    except OSError: pass
"""


def test_each_is_recorded_with_its_cell(runtime: Runtime, tmp_path: Path) -> None:
    outside = Path("/opt") if not str(tmp_path).startswith("/tmp") else Path("/var/lib")
    outside = outside / "modelpack-test-that-is-not-there"
    source = WRITES.replace("{0}", str(outside)).replace("print(open", "# print(open")
    runtime.package([cell(source), cell(NETWORK), cell("1 + 1")])
    run = runtime.run(tmp_path / "work")
    assert run.code == 0, run.log
    written = [(entry["cell"], entry["path"]) for entry in run.result["writes_outside"]]
    names = ("one.txt", "../two.txt", "folder", "none", "db", "out")
    assert written == [(1, f"{outside}/{name}") for name in names]
    hosts = [(entry["cell"], entry["host"]) for entry in run.result["network"]]
    assert hosts == [(2, "192.0.2.1"), (2, "models.example")]
    assert not outside.exists()


def test_a_large_packaged_file_is_linked_and_copied_when_written(
    runtime: Runtime, tmp_path: Path
) -> None:
    large = b"x" * (COPY_LIMIT + 1)
    source = """
import os
print(os.path.islink("large.bin"), os.path.islink("again.bin"))
with open("large.bin", "r+b") as stream: stream.write(b"mine")
open("again.bin", "w").write("new")
print(os.path.islink("large.bin"), os.path.getsize("large.bin"), open("again.bin").read())
"""
    runtime.package([cell(source)], files={"large.bin": large, "again.bin": large})
    run = runtime.run(tmp_path / "work")
    assert run.text(1) == f"True True\nFalse {len(large)} new\n", run.log
    assert (runtime.root / "app/files/large.bin").read_bytes() == large
    assert run.result["writes_outside"] == []
