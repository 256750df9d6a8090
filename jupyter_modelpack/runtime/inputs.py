"""What a run reads that is not part of the image, by its digest: the proof of which data it was.

External inputs are read once before the first cell; what the notebook opens below a mounted path is
read when the run has ended. A file over ``MODELPACK_INPUT_BYTES`` is named without a digest.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Tuple

LIMIT = "MODELPACK_INPUT_BYTES"
MOUNTS = "MODELPACK_MOUNTS"
MOST_BYTES = 4 << 30
_MOST_FILES = 200
_BLOCK = 1 << 20


def limit() -> int:
    """Return the size of a file, in bytes, up to which its digest is taken."""
    text = os.environ.get(LIMIT, "")
    return int(text) if text.isdigit() else MOST_BYTES


def mounted() -> Tuple[str, ...]:
    """Return the paths that were mounted for this run, as a cluster names them."""
    try:
        found = json.loads(os.environ.get(MOUNTS) or "[]")
    except ValueError:
        return ()
    return tuple(str(each) for each in found) if isinstance(found, list) else ()


def input_facts(work: Path, paths: Iterable[str]) -> List[Dict[str, Any]]:
    """Return ``{"path", "size", "digest", "note"}`` for each file; paths below ``work`` are short.

    ``digest`` is None where there is none, and ``note`` then says why.
    """
    most = limit()
    seen = sorted({_place(work, path) for path in paths})
    found = [_facts(_shown(work, place), place, most) for place in seen[:_MOST_FILES]]
    if len(seen) > _MOST_FILES:
        more = "{} more files were read; their digests were not taken.".format(
            len(seen) - _MOST_FILES
        )
        found.append({"path": "", "size": 0, "digest": None, "note": more})
    return found


def _facts(shown: str, place: str, most: int) -> Dict[str, Any]:
    size, digest, note = 0, None, ""
    try:
        if os.path.isdir(place):
            note = "{} is a folder, of which no digest is taken.".format(shown)
        else:
            size = os.stat(place).st_size
            if size > most:
                note = (
                    "{} has {:.1f} GB; no digest is taken over {:.1f} GB. "
                    "Raise the limit: {}.".format(shown, size / 1e9, most / 1e9, LIMIT)
                )
            else:
                digest = _digest(place, most)
                if digest is None:
                    note = "{} grew while it was read.".format(shown)
    except OSError as error:
        note = "{} could not be read for its digest: {}.".format(shown, error.strerror or error)
    return {"path": shown, "size": size, "digest": digest, "note": note}


def _digest(place: str, most: int) -> Optional[str]:
    """Return the digest, read in pieces of 1 MiB; None for a file that does not end."""
    total, running = 0, hashlib.sha256()
    with Path(place).open("rb", buffering=0) as stream:
        while True:
            block = stream.read(_BLOCK)
            if not block:
                return "sha256:" + running.hexdigest()
            total += len(block)
            if total > most:
                return None
            running.update(block)


def _place(work: Path, path: str) -> str:
    return os.path.normpath(os.path.join(str(work), path))


def _shown(work: Path, place: str) -> str:
    below = os.path.relpath(place, str(work))
    return place if below.startswith("..") else below.replace(os.sep, "/")
