"""Row B5: whenever a machine stops, and whatever it had not written yet, the store holds.

The calls of one package are recorded, and every state that a crash may leave is rebuilt:
after each call, with and without the file contents and the names that were not
synced. Each must open, verify, and hold the old index or the new one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

import jupyter_modelpack
from jupyter_modelpack.oci.descriptor import MANIFEST
from jupyter_modelpack.oci.disk import LocalDisk
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import Tree

Call = tuple[str, Path, object]


class RecordingDisk(LocalDisk):
    """Does what it is asked and remembers it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._paths: dict[int, Path] = {}

    def create(self, path: Path) -> int:
        fd = super().create(path)
        self._paths[fd] = path
        self.calls.append(("create", path, None))
        return fd

    def write(self, fd: int, data: memoryview) -> None:
        super().write(fd, data)
        self.calls.append(("write", self._paths[fd], bytes(data)))

    def sync(self, fd: int) -> None:
        super().sync(fd)
        self.calls.append(("sync", self._paths[fd], None))

    def rename(self, old: Path, new: Path) -> None:
        super().rename(old, new)
        self.calls.append(("rename", old, new))

    def sync_directory(self, path: Path) -> None:
        super().sync_directory(path)
        self.calls.append(("sync directory", path, None))


@dataclass
class File:
    """A file of which the first ``safe`` bytes are on the disk."""

    content: bytes = b""
    safe: int = 0


@dataclass
class Machine:
    """What a disk holds after some calls, and what of it survives when the power goes."""

    files: dict[Path, File] = field(default_factory=dict)
    lasting: dict[Path, File] = field(default_factory=dict)

    def do(self, call: Call) -> None:
        what, path, extra = call
        if what == "create":
            self.files[path] = File()
        elif what == "write":
            assert isinstance(extra, bytes)
            self.files[path].content += extra
        elif what == "sync":
            self.files[path].safe = len(self.files[path].content)
        elif what == "rename":
            assert isinstance(extra, Path)
            self.files[extra] = self.files.pop(path)
        else:
            self.lasting = {p: f for p, f in self.lasting.items() if p.parent != path}
            self.lasting |= {p: f for p, f in self.files.items() if p.parent == path}

    def after_crash(self, *, names: bool, contents: str) -> dict[Path, bytes]:
        """The files afterwards; ``names``: those that were not synced are there all the same."""
        found = {}
        for path, file in (self.files if names else self.lasting).items():
            lost = len(file.content) - file.safe
            rest = {"all": file.content[file.safe :], "none": b"", "zeros": bytes(lost)}[contents]
            found[path] = file.content[: file.safe] + rest
        return found


def states(calls: list[Call], before: dict[Path, bytes]) -> Iterator[dict[Path, bytes]]:
    for length in range(len(calls) + 1):
        machine = Machine()
        for path, content in before.items():
            machine.files[path] = machine.lasting[path] = File(content, len(content))
        for call in calls[:length]:
            machine.do(call)
        for names, contents in product((True, False), ("all", "none", "zeros")):
            yield machine.after_crash(names=names, contents=contents)


def contents(root: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}


def restore(state: dict[Path, bytes], store: Path, into: Path) -> None:
    shutil.rmtree(into, ignore_errors=True)
    for path, content in state.items():
        place = into / path.relative_to(store)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def test_b5_every_crash_state_of_a_package_holds(
    tmp_path: Path, project: Callable[[int], list[Tree]], build: Callable[..., Image]
) -> None:
    disk = RecordingDisk()
    layout = Layout(tmp_path / "store", disk=disk)
    old = build(project(1), layout)
    layout.tag("churn:1.0.0", old.manifest)
    before = contents(layout.path)
    disk.calls.clear()
    new = build(project(2), layout)
    layout.tag("churn:1.1.0", new.manifest)
    by_hand = layout.put(layout.read(new.manifest).replace(b'"a":"b"', b'"a":"c"'), MANIFEST)
    layout.tag("other:1.0.0", by_hand)  # nothing but this brings its name to the disk
    calls = list(disk.calls)
    whole = {"churn:1.0.0": old.digest, "churn:1.1.0": new.digest, "other:1.0.0": by_hand.digest}
    allowed = [dict(list(whole.items())[:n]) for n in (1, 2, 3)]
    tried = 0
    held = {}
    for state in states(calls, before):
        tried += 1
        restore(state, layout.path, tmp_path / "after")
        after = Layout(tmp_path / "after")
        assert after.verify() == []
        held = {name: descriptor.digest for name, descriptor in after.tags().items()}
        assert held in allowed
    assert held == whole  # once tag has returned, nothing can be lost
    again = build(project(2), after)
    assert again.digest == new.digest
    after.gc([], 0)
    assert not list((after.path / "ingest").iterdir())
    print(f"B5: {len(calls)} calls, {tried} crash states, 0 that do not open, verify and hold")


def test_b5_a_store_may_crash_while_it_is_made(tmp_path: Path) -> None:
    disk = RecordingDisk()
    store = Layout(tmp_path / "store", disk=disk).path
    tried = 0
    for state in states(disk.calls, {}):
        tried += 1
        restore(state, store, tmp_path / "after")
        after = Layout(tmp_path / "after")
        assert (after.tags(), after.verify()) == ({}, [])
    print(f"B5: {tried} crash states of a new store, all open")


def test_b5_the_recorded_calls_are_the_real_ones(tmp_path: Path) -> None:
    """The system calls, as strace sees them, sync a file before they give it its name."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed here")
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from jupyter_modelpack.oci.config import ImageConfig\n"
        "from jupyter_modelpack.oci.image import write_image\n"
        "from jupyter_modelpack.oci.layer import write_layers\n"
        "from jupyter_modelpack.oci.layout import Layout\n"
        "from jupyter_modelpack.oci.tree import File, Tree\n"
        "layout = Layout(sys.argv[1])\n"
        "trees = [Tree(str(n), 'code', (File('a', content=b'%d' % n),)) for n in range(5)]\n"
        "image = write_image(write_layers(trees, layout), ImageConfig(), layout)\n"
        "layout.tag('a:1.0', image.manifest)\n"
    )
    log = tmp_path / "log"
    command = [strace, "-f", "-y", "-s", "4096", "-o", str(log), "-e"]
    calls = "trace=fsync,fdatasync,rename,renameat,renameat2"
    package = str(Path(jupyter_modelpack.__file__).parents[1])
    done = subprocess.run(
        [*command, calls, sys.executable, "-B", "-c", program, str(tmp_path / "store")],
        env={**os.environ, "PYTHONPATH": package},
        capture_output=True,
        text=True,
        check=False,
    )
    if "ptrace" in done.stderr.lower():
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    synced: set[tuple[str, str]] = set()
    renames = []
    for line in log.read_text().splitlines():
        if found := re.match(r"(\d+) +fsync\(\d+<(.*?)>", line):
            synced.add((found[1], found[2]))
            last = found[2]
        elif found := re.match(r'(\d+) +rename\("(.*?)", "(.*?)"', line):
            renames.append(found[3])
            assert (found[1], found[2]) in synced  # by the same thread, so before it
    blobs = [name for name in renames if "/blobs/sha256/" in name]
    assert len(blobs) == 7
    assert last == str(tmp_path / "store")
    print(f"B5: strace saw {len(renames)} renames, each after a sync of that file")
