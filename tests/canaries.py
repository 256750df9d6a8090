"""Canaries: made-up secrets that are found again wherever they turn up, also behind base64."""

from __future__ import annotations

import base64
import gzip
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import zstandard

MARK = "QZ7CANARY"
_LONGEST = 120


def _encoded() -> tuple[bytes, ...]:
    """Return what the mark becomes in base64 at each of the three places it may start at."""
    forms = []
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + MARK.encode())
        forms.append(text[4 if shift else 0 : 12])
    return tuple(forms)


_ENCODED = _encoded()


class Canaries:
    """Makes secrets, each different from all others, and remembers what each of them is for."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def __call__(self, what: str, before: str = "", size: int = 0, case: str = "upper") -> str:
        """Return the canary for ``what``, in the shape of a key of ``size`` where one is given."""
        for text, known in self.planted.items():
            if known == what:
                return text
        tail = f"{len(self.planted):02}"
        text = before + MARK + tail
        fill = "W8K3V5T9R2P6M4H7"
        text += (fill * 20)[: max(size - len(text), 0)]
        text = text.lower() if case == "lower" else text
        self.planted[text] = what
        return text


def leaks(data: bytes) -> list[str]:
    """Return the canaries in ``data``, each with what stands around it."""
    found = []
    folded = data.lower()
    for needle, text in ((MARK.lower().encode(), folded), *((code, data) for code in _ENCODED)):
        place = text.find(needle)
        while place >= 0:
            around = data[max(place - 60, 0) : place + _LONGEST]
            found.append(around.decode("utf-8", "replace"))
            place = text.find(needle, place + len(needle))
    return found


def leaks_below(folder: Path, *apart: str) -> list[str]:
    """Return the canaries in all files below a folder, passing over what is named in ``apart``."""
    found = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and not set(inside.parts) & set(apart):
            found += [f"{inside}: {text}" for text in leaks(path.read_bytes())]
        found += [f"name of {inside}" for _ in leaks(inside.name.encode())]
    return found


def decompressed(blob: bytes) -> bytes:
    """Return a blob's content without its compression, whichever it has."""
    if blob.startswith(b"\x1f\x8b"):
        return gzip.decompress(blob)
    if blob.startswith(b"\x28\xb5\x2f\xfd"):
        return zstandard.ZstdDecompressor().decompressobj().decompress(blob)
    return blob


def blobs(store: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the blobs of a store or of an unpacked archive, decompressed, by digest."""
    for path in sorted((store / "blobs" / "sha256").iterdir()):
        yield path.name, decompressed(path.read_bytes())


def archived(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the members of a tar file, decompressed, by name."""
    with tarfile.open(archive) as tar:
        for member in tar:
            stream = tar.extractfile(member)
            if stream is not None:
                yield member.name, decompressed(stream.read())


def labels(store: Path) -> str:
    """Return the annotations of a store: its index, and every manifest and configuration."""
    found = [(store / "index.json").read_text()]
    for _, blob in blobs(store):
        if blob.startswith(b"{"):
            found.append(json.dumps(json.loads(blob)))
    return "\n".join(found)
