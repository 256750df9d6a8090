"""An OCI image layout on disk that several processes may write at once and that survives a crash.

A blob is written to ``ingest/``, brought to the disk, and only then renamed to its digest; the
index is replaced the same way under a lock. So every state that a crash can leave behind has the
old index or the new one, and no blob that is only there in part (image-spec 1.1, image-layout.md).
"""

from __future__ import annotations

import fcntl
import io
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from jupyter_modelpack.errors import NotFound, StoreError
from jupyter_modelpack.oci import index
from jupyter_modelpack.oci.blob import BlobWriter, VerifiedReader, blob_path, damaged
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.disk import Disk, LocalDisk, store_errors
from jupyter_modelpack.oci.problem import Problem
from jupyter_modelpack.oci.sweep import Freed, collect, needed, reachable, verify_store

Listed = tuple[Descriptor, ...]
_READ = 1 << 20


class Layout:
    """The image layout in a directory, which is made when it is not there."""

    def __init__(
        self,
        path: Path | str,
        *,
        disk: Disk | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = Path(path)
        self._clock = clock
        self._disk = disk or LocalDisk()
        self._blobs = self.path / "blobs" / "sha256"
        self._ingest = self.path / "ingest"
        with store_errors(self.path):
            self._blobs.mkdir(parents=True, exist_ok=True)
            self._ingest.mkdir(exist_ok=True)
            if not (self.path / "oci-layout").exists():
                self._begin()

    def _begin(self) -> None:
        with self._locked("sweep.lock", "shared"), self._locked("index.lock"):
            if (self.path / "oci-layout").exists():
                return
            if not (self.path / "index.json").exists():
                self._replace("index.json", index.render_index(()))
            self._replace("oci-layout", index.LAYOUT_VERSION)
            for directory in (self._blobs, self._blobs.parent, self.path, self.path.parent):
                self._disk.sync_directory(directory)

    # Blobs

    def blob_path(self, digest: Digest) -> Path:
        """Return where the blob with this digest is, or would be."""
        return blob_path(self.path, digest)

    def has(self, digest: Digest) -> bool:
        """Return whether there is a blob with this digest; its bytes are not looked at."""
        return self.blob_path(digest).is_file()

    def writer(self) -> BlobWriter:
        """Return a writer for a new blob."""
        return BlobWriter(self.path, self._disk, self._temporary)

    def put(self, data: bytes, media_type: str) -> Descriptor:
        """Store ``data`` as one blob and return its descriptor."""
        with self.writer() as writer:
            writer.write(data)
            return writer.commit(media_type)

    def claim(self, descriptor: Descriptor) -> bool:
        """Return whether the blob is there in its right size, and if so keep it from collection.

        A collector looks at a blob's age; this makes the blob young again, never while one runs.
        """
        with store_errors(self.path), self._locked("sweep.lock", "shared"):
            path = self.blob_path(descriptor.digest)
            try:
                if path.stat().st_size != descriptor.size:
                    return False
                now = self._clock()
                os.utime(path, (now, now))
            except FileNotFoundError:
                return False
            return True

    def open(self, digest: Digest, size: int | None = None) -> BinaryIO:
        """Open a blob for reading forwards.

        Raises NotFound when it is not there, and StoreError at its end when its bytes (or its
        ``size``, when given) are not what the digest promises.
        """
        with store_errors(self.path):
            try:
                file = io.FileIO(self.blob_path(digest))
            except FileNotFoundError:
                raise NotFound(
                    "blob", digest.short, advice="Package the notebook again.", digest=str(digest)
                ) from None
        return io.BufferedReader(VerifiedReader(file, digest, size), _READ)

    def read(self, descriptor: Descriptor) -> bytes:
        """Return a blob's bytes after checking its size, then its digest."""
        with self.open(descriptor.digest, descriptor.size) as stream:
            return stream.read()

    def discard(self, digest: Digest) -> bool:
        """Remove a blob, such as a damaged one, and return whether it was there."""
        with store_errors(self.path), self._locked("sweep.lock"):
            found = self.has(digest)
            self.blob_path(digest).unlink(missing_ok=True)
            return found

    def settle(self) -> None:
        """Return when the names of all blobs committed so far are on the disk."""
        with store_errors(self.path):
            self._disk.sync_directory(self._blobs)

    # Names

    def tag(self, name: str, descriptor: Descriptor) -> None:
        """Let ``name`` stand for the image whose manifest this is, at once for all readers.

        Raises StoreError when a part of the image is not in the store, and InvalidInput for a
        name that cannot be one.
        """
        index.checked_name(name)
        with store_errors(self.path), self._locked("sweep.lock", "shared"):
            self._complete([descriptor])
            self._change_index(lambda listed: index.with_name(listed, name, descriptor))

    def untag(self, name: str) -> None:
        """Let ``name`` stand for nothing; raises NotFound when it did already."""
        if name not in self.tags():
            raise NotFound("image", name)
        with store_errors(self.path), self._locked("sweep.lock", "shared"):
            self._change_index(lambda listed: index.with_name(listed, name, None))

    def enlist(self, referrers: Sequence[Descriptor], subject: Descriptor) -> None:
        """List manifests that are about ``subject`` and need no name, all of them at once.

        Raises StoreError when the subject or a part of a referrer is not in the store.
        """
        with store_errors(self.path), self._locked("sweep.lock", "shared"):
            self._complete([subject, *referrers])
            self._change_index(lambda listed: index.with_unnamed(listed, referrers))

    def resolve(self, name: str) -> Descriptor:
        """Return the manifest that ``name`` stands for; raises NotFound when there is none."""
        try:
            return self.tags()[name]
        except KeyError:
            raise NotFound("image", name) from None

    def tags(self) -> dict[str, Descriptor]:
        """Return all names, sorted, and the manifests that they stand for."""
        return dict(index.named(self.manifests()))

    def manifests(self) -> tuple[Descriptor, ...]:
        """Return what the index lists, with and without names."""
        try:
            data = (self.path / "index.json").read_bytes()
        except FileNotFoundError:
            raise StoreError(
                f"The image store in {self.path} has lost its list of images (index.json).",
                advice="Put back a copy of index.json, or move the store away to start a new one.",
            ) from None
        return index.parse_index(data)

    def _complete(self, manifests: Sequence[Descriptor]) -> None:
        for part in reachable(self, manifests).values():
            path = self.blob_path(part.digest)
            if not path.is_file() or path.stat().st_size != part.size:
                raise damaged(part.digest, "it is missing or has the wrong size")
        self.settle()

    def _change_index(self, change: Callable[[Listed], Listed]) -> None:
        with self._locked("index.lock"):
            before = self.manifests()
            after = change(before)
            if after != before:
                self._replace("index.json", index.render_index(after))
            self._disk.sync_directory(self.path)

    # The whole store

    def verify(self) -> list[Problem]:
        """Compute every digest again and follow every name; an empty list means all is well."""
        return verify_store(self)

    def gc(self, keep: Iterable[Digest], older_than_seconds: float) -> Freed:
        """Remove blobs that no name and no digest in ``keep`` needs and that are old enough.

        What an ended process left half written goes too, and so do referrers of images that go.
        Raises StoreError, having removed nothing, when a manifest that is needed cannot be read.
        """
        with store_errors(self.path), self._locked("sweep.lock"):
            before = self._clock() - older_than_seconds
            stay, go = needed(self, keep, before)
            if go:
                self._change_index(lambda listed: index.without_unnamed(listed, go))
            return collect(self, stay, before)

    def _temporary(self) -> Path:
        return self._ingest / f"{os.getpid()}-{secrets.token_hex(8)}"

    def _replace(self, name: str, data: bytes) -> None:
        temporary = self._temporary()
        fd = self._disk.create(temporary)
        try:
            self._disk.write(fd, memoryview(data))
            self._disk.sync(fd)
            self._disk.rename(temporary, self.path / name)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)

    @contextmanager
    def _locked(self, name: str, kind: Literal["shared", "alone"] = "alone") -> Iterator[None]:
        fd = os.open(self.path / name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH if kind == "shared" else fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)
