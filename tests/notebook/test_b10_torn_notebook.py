"""Row B10: snapshots taken while the notebook is being saved over and over."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from jupyter_modelpack.notebook.snapshot import take_snapshot
from tests.notebook.notebooks import code, document

TIMES = 500


def test_b10_no_torn_and_no_mixed_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "busy.ipynb"
    stop = threading.Event()

    def content(version: int) -> bytes:
        cells = [code(f"version = {version:06d}  # {'x' * 200}") for _ in range(60)]
        return json.dumps(document(*cells)).encode()

    contents = [content(version) for version in range(40)]
    path.write_bytes(contents[0])

    def save() -> None:
        version = 0
        while not stop.is_set():
            version = (version + 1) % len(contents)
            with path.open("wb") as file:  # truncates the real file, as Jupyter does
                whole = contents[version]
                for start in range(0, len(whole), 4096):
                    file.write(whole[start : start + 4096])
                    file.flush()
            stop.wait(0.004)

    def read() -> bytes:
        # Small reads, so that a save can come between two of them.
        with path.open("rb", buffering=0) as file:
            parts = []
            while part := file.read(2048):
                parts.append(part)
        return b"".join(parts)

    saver = threading.Thread(target=save)
    saver.start()
    seen: set[str] = set()
    reads = 0

    def counted() -> bytes:
        nonlocal reads
        reads += 1
        return read()

    try:
        for _ in range(TIMES):
            taken = take_snapshot(
                counted, str(path), attempts=50, wait=lambda pause: time.sleep(pause / 100)
            )
            versions = {cell.source for cell in taken.cells}
            assert len(taken.cells) == 60
            assert len(versions) == 1, "a mix of two versions"
            seen |= versions
    finally:
        stop.set()
        saver.join()
    print(f"B10: {TIMES} snapshots of {len(seen)} versions in {reads} reads, 0 invalid, 0 mixed")
    assert len(seen) > 1
