"""Row B7: when any single call to the disk fails, the store stays whole and the error is clear."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.errors import StoreError
from jupyter_modelpack.oci.disk import LocalDisk
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import File, Tree


class FailingDisk(LocalDisk):
    """Fails once, at the call with a given number; a failing write has written a part."""

    def __init__(self, fail_at: int, code: int) -> None:
        self._left = fail_at
        self._code = code

    @property
    def survived(self) -> bool:
        return self._left > 0

    def _count(self) -> bool:
        self._left -= 1
        return self._left == 0

    def _fail(self) -> None:
        if self._count():
            raise OSError(self._code, os.strerror(self._code))

    def create(self, path: Path) -> int:
        self._fail()
        return super().create(path)

    def write(self, fd: int, data: memoryview) -> None:
        if self._count():
            super().write(fd, data[: len(data) // 2])
            raise OSError(self._code, os.strerror(self._code))
        super().write(fd, data)

    def sync(self, fd: int) -> None:
        self._fail()
        super().sync(fd)

    def rename(self, old: Path, new: Path) -> None:
        self._fail()
        super().rename(old, new)

    def sync_directory(self, path: Path) -> None:
        self._fail()
        super().sync_directory(path)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_b7_each_call_fails_in_turn(
    tmp_path: Path,
    project: Callable[[int], list[Tree]],
    build: Callable[..., Image],
    code: int,
) -> None:
    path = tmp_path / "store"
    fine = Layout(path)
    old = build(project(1), fine)
    fine.tag("churn:1.0.0", old.manifest)
    trees = [Tree("one", "code", (File("a", content=os.urandom(3 << 20)),)), *project(2)]
    number = 0
    while True:
        number += 1
        disk = FailingDisk(number, code)
        try:
            layout = Layout(path, disk=disk)
            new = build(trees, layout)
            layout.tag("churn:1.1.0", new.manifest)
        except StoreError as error:
            assert error.advice
            if code in (errno.ENOSPC, errno.EDQUOT):
                assert "full" in error.message
                assert " free in " in error.message
                assert "store gc" in error.advice
        else:
            if disk.survived:
                break
            raise AssertionError(f"call {number} failed and nobody noticed")
        after = Layout(path)
        assert after.verify() == []
        tags = after.tags()
        assert tags["churn:1.0.0"].digest == old.digest
        # the very last call is the sync of a name that is there already: both answers are right
        assert set(tags) <= {"churn:1.0.0", "churn:1.1.0"}
        assert not list((path / "ingest").iterdir())
    assert Layout(path).resolve("churn:1.1.0").digest == new.digest
    print(f"B7: {number - 1} calls failed with {errno.errorcode[code]}, 0 corrupt stores")


def test_b7_a_blob_that_cannot_be_committed_leaves_nothing(tmp_path: Path) -> None:
    Layout(tmp_path / "store")
    for number in (3, 4):  # after create and write: the sync, then the rename
        layout = Layout(tmp_path / "store", disk=FailingDisk(number, errno.EIO))
        writer = layout.writer()
        writer.write(b"data")
        with pytest.raises(StoreError):
            writer.commit("text/plain")
        assert not list((layout.path / "ingest").iterdir())
    assert not list((tmp_path / "store/blobs/sha256").iterdir())


def test_b7_a_store_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError):
        Layout(tmp_path / "file" / "store")
    number = 0
    while True:
        number += 1
        disk = FailingDisk(number, errno.ENOSPC)
        try:
            Layout(tmp_path / "store", disk=disk)
        except StoreError:
            continue
        if disk.survived:
            break
    assert Layout(tmp_path / "store").verify() == []
