"""The layer cache: what was packed before need not be read again.

A tree is known by what the file system says about its files, which costs one stat each. A file
that changed less than two seconds ago may change again unseen within the clock's grain, as in
git's index, so such files are known by their content, and packed from the very bytes looked at.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.index import canonical_json
from jupyter_modelpack.oci.pack import Facts
from jupyter_modelpack.oci.tarheader import WRITER
from jupyter_modelpack.oci.tree import Directory, Entry, File

_RACY_SECONDS = 2.0
_MAX_RACY_BYTES = 64 << 20


@dataclass(frozen=True)
class Fingerprint:
    """What a tree is known by, or no ``key`` when it cannot be known without packing it."""

    key: str | None
    facts: Mapping[str, Facts] = field(default_factory=dict)
    contents: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Packed:
    """A layer that was packed before."""

    descriptor: Descriptor
    diff_id: Digest


class LayerCache:
    """Remembers, in a directory of small files, which blob each tree became.

    Losing an entry costs time only, and an entry that does not read well is as good as lost.
    """

    def __init__(self, directory: Path | str, *, clock: Callable[[], float] = time.time) -> None:
        self._directory = Path(directory)
        self._clock = clock

    def fingerprint(self, entries: Sequence[Entry], compressor: str) -> Fingerprint:
        """Return what entries in order are known by, when compressed by this compressor."""
        racy_from = int((self._clock() - _RACY_SECONDS) * 1e9)
        lines = [f"{WRITER} {compressor}"]
        facts: dict[str, Facts] = {}
        contents: dict[str, bytes] = {}
        budget = _MAX_RACY_BYTES
        for entry in entries:
            if not isinstance(entry, File):
                extra = oct(entry.mode) if isinstance(entry, Directory) else entry.target
                lines.append(f"{type(entry).__name__}\0{entry.path}\0{extra}")
                continue
            content = entry.content
            if entry.stamp:
                lines.append(f"s{entry.executable:d}\0{entry.path}\0{entry.stamp}")
                continue
            if content is None:
                try:
                    found = os.stat(entry.source)
                    fact = Facts.of(found)
                    if fact.changed < racy_from:
                        facts[entry.path] = fact
                        lines.append(f"f{entry.executable:d}\0{entry.path}\0{tuple(fact)}")
                        continue
                    budget -= fact.size
                    if budget < 0 or not stat.S_ISREG(found.st_mode):
                        return Fingerprint(None)
                    content = _read_whole(entry.source, fact)
                except OSError:
                    return Fingerprint(None)
                if content is None:
                    return Fingerprint(None)
                contents[entry.path] = content
            digest = hashlib.sha256(content).hexdigest()
            lines.append(f"c{entry.executable:d}\0{entry.path}\0{digest}")
        text = "\n".join(f"{len(line)}:{line}" for line in lines)
        key = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        return Fingerprint(key, facts, contents)

    def find(self, key: str) -> Packed | None:
        """Return the layer that a tree became, if that is remembered."""
        try:
            data = json.loads(self._path(key).read_bytes())
            if data["key"] != key:
                return None
            return Packed(Descriptor.from_json(data["descriptor"]), Digest.parse(data["diff_id"]))
        except (OSError, ValueError, TypeError, KeyError, RecursionError, ModelPackError):
            return None

    def keep(self, key: str, packed: Packed) -> None:
        """Remember what a tree became; a disk that will not have it is no error."""
        path = self._path(key)
        temporary = path.with_name(f".{os.getpid()}-{secrets.token_hex(8)}")
        data = {
            "key": key,
            "descriptor": packed.descriptor.to_json(),
            "diff_id": str(packed.diff_id),
        }
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_bytes(canonical_json(data))
                temporary.rename(path)
            finally:
                temporary.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / key


def _read_whole(source: str, fact: Facts) -> bytes | None:
    """Return the content of a file if it is still the one that ``fact`` saw, and stays so."""
    with Path(source).open("rb") as file:
        content = file.read(fact.size + 1)
        return content if Facts.of(os.fstat(file.fileno())) == fact else None
