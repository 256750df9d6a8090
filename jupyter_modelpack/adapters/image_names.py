"""The names of images in the store, and exports of them to files."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from jupyter_modelpack.errors import Conflict, InvalidInput, StoreError
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.layout import Layout


class ImageNames:
    """Names images in a layout, one process at a time for each package."""

    def __init__(self, layout: Layout, locks: Path) -> None:
        self._layout = layout
        self._locks = locks

    @contextmanager
    def alone(self, package: str) -> Iterator[None]:
        """Keep other processes from releasing the same package meanwhile."""
        self._locks.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._locks / f"{package}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def name(self, name: str, manifest: Descriptor) -> None:
        """Let ``name`` stand for the image."""
        self._layout.tag(name, manifest)


def write_whole(target: Path, write: Callable[[BinaryIO], None], *, overwrite: bool) -> int:
    """Write a file, whole or not at all, and return its bytes.

    Raises Conflict when it is there and ``overwrite`` is not set.
    """
    if not target.parent.is_dir():
        raise InvalidInput(f"There is no folder {target.parent}.", field="output")
    if target.exists() and not overwrite:
        raise Conflict(
            f"{target.name} is there already.",
            advice="Choose another name, or say that it may be overwritten.",
        )
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as stream:
            temporary = Path(stream.name)
            try:
                write(cast(BinaryIO, stream))
                stream.flush()
                os.fsync(stream.fileno())
                size = stream.tell()
                temporary.chmod(0o644)
                temporary.replace(target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise StoreError(
            f"{target.name} could not be written: {error.strerror}.",
            advice="Choose a folder that you may write to and that has room.",
        ) from error
    return size
