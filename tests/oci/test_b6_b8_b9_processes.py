"""Rows B6, B8, B9: several processes in one layout, killed at any moment, and a collector."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import jupyter_modelpack
from jupyter_modelpack.oci.descriptor import MANIFEST
from jupyter_modelpack.oci.layout import Layout

PACKAGE = Path(jupyter_modelpack.__file__).parents[1]
PRELUDE = """
import random, sys
from pathlib import Path
from jupyter_modelpack.oci.config import ImageConfig
from jupyter_modelpack.oci.image import write_image
from jupyter_modelpack.oci.layer import write_layers
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import File, Tree
layout, number = Layout(sys.argv[1]), int(sys.argv[2])

def image(seed, size):
    chance = random.Random(seed)
    files = [File(f"f{n}", content=chance.randbytes(size)) for n in range(4)]
    trees = [Tree("data", "data", tuple(files)), Tree("code", "code", tuple(files[:1]))]
    return write_image(write_layers(trees, layout), ImageConfig(architecture="amd64"), layout)
"""


def start(program: str, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-B", "-c", PRELUDE + program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        stdout=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes]) -> int:
    process.communicate(timeout=120)
    return process.returncode


FORKING = """
import os
def in_processes(count, work):
    children = []
    for each in range(count):
        child = os.fork()
        if not child:
            code = 1
            try:
                work(each)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    sys.exit(max(os.waitpid(child, 0)[1] for child in children) and 1)
"""


def test_b8_sixty_four_processes_write_one_blob(tmp_path: Path) -> None:
    work = "in_processes(64, lambda each: layout.put(b'same' * 500_000, 'text/plain'))"
    assert finish(start(FORKING + work, tmp_path / "store", 0)) == 0
    layout = Layout(tmp_path / "store")
    blobs = list((layout.path / "blobs/sha256").iterdir())
    assert len(blobs) == 1
    assert blobs[0].stat().st_size == 2_000_000
    assert layout.verify() == []
    assert not list((layout.path / "ingest").iterdir())
    print("B8: 64 processes, 1 blob, whole")


def test_b8_sixteen_processes_write_twenty_tags_each(tmp_path: Path) -> None:
    work = (
        "def work(each):\n"
        "    for n in range(20):\n"
        "        layout.tag(f'n{each}:1.{n}.0', image(each * 100 + n, 2_000).manifest)\n"
        "in_processes(16, work)\n"
    )
    assert finish(start(FORKING + work, tmp_path / "store", 0)) == 0
    layout = Layout(tmp_path / "store")
    assert len(layout.tags()) == 320
    assert layout.verify() == []
    print("B8: 16 processes x 20 tags: 320 in the index, every blob verifies")


def test_b6_killed_at_any_moment(tmp_path: Path) -> None:
    rounds = 200 if os.environ.get("MODELPACK_TEST_FULL") else 20
    work = (
        "print('ready', flush=True)\n"
        "for n in range(3):\n"
        "    layout.tag(f'k:{number}.{n}.0', image(number * 10 + n, 1_500_000).manifest)\n"
        "print('done', flush=True)\n"
    )
    store = tmp_path / "store"
    began = time.monotonic()
    process = start(work, store, 900)
    assert process.stdout is not None
    process.stdout.readline()
    ready = time.monotonic()
    process.communicate()
    usual = time.monotonic() - ready
    print(f"B6: one package takes {usual:.2f} s after {ready - began:.2f} s")
    chance = random.Random(6)
    left, killed, number = 0, 0, -1
    while killed < rounds and number < 5 * rounds:  # some end before the kill, on a busy machine
        number += 1
        process = start(work, store, number)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.random() * usual)
        process.send_signal(signal.SIGKILL)
        killed += b"done" not in process.communicate()[0]
        layout = Layout(store)
        assert layout.verify() == []
        left += len(list((store / "ingest").iterdir()))
        layout.gc([], 3600)
        assert not list((store / "ingest").iterdir())
    assert killed == rounds
    before = Layout(store).tags()
    assert finish(start(work, store, 3)) == finish(start(work, tmp_path / "fresh", 3)) == 0
    after = Layout(store).tags()
    assert {**after, **before} == after
    assert {**after, **Layout(tmp_path / "fresh").tags()} == after  # the retry gave the same
    assert Layout(store).verify() == []
    print(
        f"B6: {killed} of {number + 1} killed mid-way,"
        f" {left} temporary files left and collected, 0 bad"
    )


def test_b9_a_collector_among_writers(tmp_path: Path) -> None:
    work = (
        "for n in range(25):\n"
        "    layout.tag(f'g{number}:1.{n}.0', image(number * 100 + n, 20_000).manifest)\n"
    )
    layout = Layout(tmp_path / "store")
    layout.put(b"old", "text/plain")
    writers = [start(work, layout.path, number) for number in range(2)]
    sweeps = freed = 0
    while any(writer.poll() is None for writer in writers):
        freed += layout.gc([], 30).blobs
        sweeps += 1
    assert [finish(writer) for writer in writers] == [0, 0]
    assert len(layout.tags()) == 50
    assert layout.verify() == []
    digest = layout.resolve("g1:1.3.0").digest
    layout.untag("g1:1.3.0")
    assert layout.gc([digest], -1).blobs == 1  # the one that nothing needed
    assert layout.has(digest)
    assert layout.gc([], -1).blobs >= 3
    assert not layout.has(digest)
    assert layout.verify() == []
    assert layout.tags()["g1:1.4.0"].media_type == MANIFEST
    print(f"B9: {sweeps} sweeps among 50 packages, 0 missing blobs")
