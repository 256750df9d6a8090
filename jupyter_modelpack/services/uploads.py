"""Uploads: blobs that somebody sends, which are none before their bytes are the right ones."""

from __future__ import annotations

from jupyter_modelpack.errors import InvalidInput, ModelPackError
from jupyter_modelpack.oci.blob import BlobWriter
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout

_TYPE = "application/octet-stream"


class UploadTooLarge(InvalidInput):
    """What is sent has more bytes than a blob may have."""


class Upload:
    """One blob on its way in; nothing of it stays unless ``finish`` returns."""

    def __init__(self, writer: BlobWriter, digest: Digest, most: int) -> None:
        self._writer = writer
        self._digest = digest
        self._most = most

    def write(self, data: bytes) -> None:
        """Append bytes; raises InvalidInput for too many and StoreError without room."""
        if self._writer.size + len(data) > self._most:
            raise too_large(self._most)
        self._writer.write(data)

    def finish(self) -> None:
        """Make it a blob; raises InvalidInput when its bytes are not those of its digest."""
        found = self._writer.digest
        if found != self._digest:
            self._writer.abort()
            raise InvalidInput(
                f"What was sent is not {self._digest.short}: its digest is {found.short}.",
                field="digest",
                advice="Send it again.",
            )
        self._writer.commit(_TYPE)

    def abort(self) -> None:
        """Forget what was sent; does nothing after ``finish``."""
        self._writer.abort()


class Uploads:
    """Takes blobs into a store; several may be under way at once."""

    def __init__(self, layout: Layout, most: int) -> None:
        self._layout = layout
        self._most = most

    def size(self, digest: Digest) -> int | None:
        """Return a blob's size in bytes and keep it for a while, or None when it is not there."""
        try:
            size = self._layout.blob_path(digest).stat().st_size
        except OSError:
            return None
        return size if self._layout.claim(Descriptor(_TYPE, digest, size)) else None

    def begin(self, digest: Digest, size: int | None = None) -> Upload:
        """Begin an upload; raises InvalidInput when ``size`` says that it is too large."""
        if size is not None and size > self._most:
            raise too_large(self._most)
        return Upload(self._layout.writer(), digest, self._most)


def too_large(most: int) -> ModelPackError:
    """Return the error for a blob of too many bytes."""
    return UploadTooLarge(
        f"A part of an image may have {most / 1e9:,.1f} GB here, and this one has more.",
        field="size",
        advice="Make the data smaller, or ask who runs the release service.",
    )
