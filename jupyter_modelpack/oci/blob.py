"""One blob on its way into the store, and one on its way out, each hashed as it passes."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_modelpack.errors import StoreError
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.disk import Disk, start_writing, store_errors

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_WRITE_BEHIND = 8 << 20


class BlobWriter:
    """Takes bytes into a temporary file that becomes a blob on ``commit``, or is gone on ``abort``.

    The file is locked while it is written, which tells the garbage collector that its writer lives.
    """

    def __init__(self, store: Path, disk: Disk, temporary: Callable[[], Path]) -> None:
        self._store = store
        self._disk = disk
        self._hash = hashlib.sha256()
        self._synced = 0
        self.size = 0
        self.existed = False
        with store_errors(store):
            self._path, self._fd = _locked(disk, temporary)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Append ``data``; raises StoreError when the disk is full."""
        view = memoryview(data)
        self._hash.update(view)
        with store_errors(self._store):
            self._disk.write(self._fd, view)
        self.size += len(view)
        if self.size - self._synced >= _WRITE_BEHIND:
            start_writing(self._fd, self._synced, self.size - self._synced)
            self._synced = self.size
        return len(view)

    @property
    def digest(self) -> Digest:
        """The digest of what was written so far."""
        return Digest("sha256:" + self._hash.hexdigest())

    def commit(self, media_type: str) -> Descriptor:
        """Put what was written under its digest and return its descriptor.

        The bytes are on the disk before the name is; the name itself is there for good after
        ``Layout.settle``, which ``write_image`` and ``Layout.tag`` call.
        """
        digest = self.digest
        target = blob_path(self._store, digest)
        self.existed = target.exists()
        try:
            with store_errors(self._store):
                self._disk.sync(self._fd)
                self._disk.rename(self._path, target)
        except StoreError:
            self.abort()
            raise
        self._close()
        return Descriptor(media_type, digest, self.size)

    def abort(self) -> None:
        """Remove what was written; does nothing after ``commit``."""
        if self._fd >= 0:
            self._path.unlink(missing_ok=True)
            self._close()

    def _close(self) -> None:
        os.close(self._fd)
        self._fd = -1

    def __enter__(self) -> BlobWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()


def _locked(disk: Disk, temporary: Callable[[], Path]) -> tuple[Path, int]:
    while True:
        path = temporary()
        fd = disk.create(path)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(fd).st_nlink:
                return path, fd
        except BlockingIOError:
            pass  # a garbage collector looked at it first, and removes it
        except BaseException:
            os.close(fd)
            path.unlink(missing_ok=True)
            raise
        os.close(fd)


def blob_path(store: Path, digest: Digest) -> Path:
    """Return where the blob with this digest is in the store."""
    return store / "blobs" / "sha256" / digest.hex


class VerifiedReader(io.RawIOBase):
    """Reads a blob forwards and raises StoreError at its end when the bytes are not the right ones.

    What was read before the end must not be trusted until the end was reached without an error.
    """

    def __init__(self, file: io.FileIO, digest: Digest, size: int | None = None) -> None:
        super().__init__()
        self._file = file
        self._digest = digest
        self._size = size
        self._hash = hashlib.sha256()
        self._seen = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill ``buffer`` with the next bytes; raises StoreError at the end of a damaged blob."""
        view = memoryview(buffer).cast("B")
        count = self._file.readinto(view)
        if count:
            self._hash.update(view[:count])
            self._seen += count
            if self._size is not None and self._seen > self._size:
                raise damaged(self._digest, f"it is longer than {self._size} bytes")
        elif len(view):
            self._check()
        return count

    def _check(self) -> None:
        if self._size is not None and self._seen != self._size:
            raise damaged(self._digest, f"it has {self._seen} bytes, not {self._size}")
        if self._hash.hexdigest() != self._digest.hex:
            raise damaged(self._digest, "its bytes have changed")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def damaged(digest: Digest, reason: str) -> StoreError:
    """Return the error that says that a blob is not what its digest promises, and what to do."""
    return StoreError(
        f"A part of an image in the store is damaged ({digest.short}: {reason}).",
        advice="Run `jupyter modelpack store verify` to see what is affected, then package the "
        "notebook again.",
        digest=str(digest),
    )
