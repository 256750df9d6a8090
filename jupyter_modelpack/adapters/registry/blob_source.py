"""The blob source: a blob of the store, read from any place on and hashed as it is first read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator

from jupyter_modelpack.oci.blob import damaged
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.disk import store_errors
from jupyter_modelpack.oci.layout import Layout

_PIECE = 256 << 10


class BlobSource:
    """Yields parts of a blob; what was changed on the disk never gets to its last byte.

    Raises StoreError when the size is wrong, and at the end when the bytes are.
    """

    def __init__(self, layout: Layout, descriptor: Descriptor) -> None:
        self._store = layout.path
        self._path = layout.blob_path(descriptor.digest)
        self._descriptor = descriptor
        self._hash = hashlib.sha256()
        self._hashed = 0

    def check(self) -> None:
        """Raise StoreError when the blob is not there in its right size."""
        with store_errors(self._store):
            try:
                size = os.stat(self._path).st_size
            except FileNotFoundError:
                raise damaged(self._descriptor.digest, "it is missing") from None
        if size != self._descriptor.size:
            reason = f"it has {size} bytes, not {self._descriptor.size}"
            raise damaged(self._descriptor.digest, reason)
        if size == 0:
            self._finish()

    def part(self, start: int, length: int, count: Callable[[int], None]) -> Iterator[bytes]:
        """Yield the bytes from ``start`` on; ``count`` hears how many are on their way."""
        with store_errors(self._store), self._path.open("rb") as stream:
            stream.seek(start)
            left = length
            while left > 0:
                data = stream.read(min(_PIECE, left))
                if not data:
                    raise damaged(self._descriptor.digest, "it has become shorter")
                self._note(start + length - left, data)
                left -= len(data)
                count(len(data))
                yield data

    def _note(self, at: int, data: bytes) -> None:
        """Hash what was not hashed yet; the last piece is not given out unless all is well."""
        new = data[max(0, self._hashed - at) :] if at <= self._hashed else b""
        self._hash.update(new)
        self._hashed += len(new)
        if self._hashed == self._descriptor.size and new:
            self._finish()

    def _finish(self) -> None:
        if self._hash.hexdigest() != self._descriptor.digest.hex:
            raise damaged(self._descriptor.digest, "its bytes have changed")
