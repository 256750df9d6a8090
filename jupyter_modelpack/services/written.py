"""A file that a run wrote, opened for somebody who wants to have it."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.services.work import Work

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_written(run: Work, folder: Path, path: str) -> BinaryIO:
    """Open one of the files that a run says it wrote below ``folder``; no link is followed.

    Raises NotFound for any other path, and where the file stayed behind or is gone.
    """
    told = [each for each in run.state.get("outputs") or () if each.get("path") == path]
    if not told:
        raise _missing(path, run, "A run lists the files that it wrote.")
    if told[0].get("left_behind"):
        raise _missing(path, run, "It was too large to come back, and stayed behind.")
    *above, name = PurePosixPath(path).parts
    try:
        at = os.open(folder, _FOLDER)
        try:
            for part in above:
                below = os.open(part, _FOLDER, dir_fd=at)
                os.close(at)
                at = below
            fd = os.open(name, _FILE, dir_fd=at)
        finally:
            os.close(at)
    except OSError:
        raise _missing(path, run, "It was removed.") from None
    stream = os.fdopen(fd, "rb")
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        stream.close()
        raise _missing(path, run, "It is no file any more.")
    return stream


def _missing(path: str, run: Work, advice: str) -> NotFound:
    return NotFound("file", f"{path} of run {run.id[:8]}", advice=advice)
