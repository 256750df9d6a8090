"""Proofs on disk: what the sealed run of each image left, beside the store and never in it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from jupyter_modelpack.oci.digest import Digest

_LARGEST = 32 << 20
_LONGEST_LOG = 1 << 20  # characters


class ProofFiles:
    """Keeps the log and the notebook of one run for each image, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, digest: str, log: str, notebook: Path | None) -> None:
        """Keep them; without room for them there is only no proof to look at."""
        content = None
        with suppress(OSError, ValueError):
            if notebook is not None and notebook.stat().st_size <= _LARGEST:
                content = json.loads(notebook.read_bytes())
        whole = json.dumps({"log": log[-_LONGEST_LOG:], "notebook": content})
        place = self._place(digest)
        fresh = place.with_name(f".{uuid4().hex}")
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as stream:
                stream.write(whole)
            fresh.replace(place)
        with suppress(OSError):
            fresh.unlink(missing_ok=True)

    def read(self, digest: str) -> tuple[str, bytes | None] | None:
        """Return the log and the notebook of an image, or None."""
        try:
            found = json.loads(self._place(digest).read_bytes())
            notebook = found["notebook"]
            return str(found["log"]), json.dumps(notebook).encode() if notebook else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def collect(self, keep: Iterable[str]) -> None:
        """Remove the proofs of all images but these."""
        wanted = {self._place(digest).name for digest in keep}
        with suppress(OSError):
            for place in list(self._folder.iterdir()):
                if place.name not in wanted:
                    place.unlink(missing_ok=True)

    def _place(self, digest: str) -> Path:
        return self._folder / f"{Digest.parse(digest).hex}.json"
