"""Reading tar: entries one after another from a stream, each header checked before it is believed.

Ustar, pax and the GNU extensions that image tools write are understood (POSIX 1003.1, pax; GNU tar
manual, "Basic Tar Format"). Anything else raises StoreError rather than being guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jupyter_modelpack.errors import StoreError
from jupyter_modelpack.oci.tarheader import BLOCK

FILE, HARD_LINK, LINK, DIRECTORY = b"0", b"1", b"2", b"5"
_PAX, _PAX_GLOBAL, _GNU_NAME, _GNU_TARGET = b"x", b"g", b"L", b"K"
_PLAIN = {b"\0": FILE, b"0": FILE, b"7": FILE}
_KNOWN = {*_PLAIN, *(b"%d" % kind for kind in range(1, 7))}
_MAX_EXTENSION = 1 << 20


@dataclass(frozen=True)
class TarEntry:
    """One header: a path as written, the kind, permission bits, time, and size or target."""

    path: bytes
    kind: bytes
    mode: int
    modified: int
    size: int
    target: bytes


class TarStream:
    """Gives the entries of the tar that ``read`` delivers; skips content that is not asked for."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[TarEntry]:
        """Yield each entry; the content of one must be read before the next is asked for."""
        path = target = b""
        pax: dict[bytes, bytes] = {}
        while True:
            self._skip()
            block = self._exactly(BLOCK, may_end=True)
            if not block or not block.strip(b"\0"):
                break
            entry = _parsed(block)
            if entry.kind in (_PAX, _PAX_GLOBAL, _GNU_NAME, _GNU_TARGET):
                data = self._extension(entry)
                if entry.kind == _PAX:
                    pax = _records(data)
                elif entry.kind == _PAX_GLOBAL:
                    _refuse_global(_records(data))
                elif entry.kind == _GNU_NAME:
                    path = data.rstrip(b"\0")
                elif entry.kind == _GNU_TARGET:
                    target = data.rstrip(b"\0")
                continue
            if any(key.startswith(b"GNU.sparse") for key in pax):
                raise malformed("it has a sparse file")
            if entry.kind not in _KNOWN:
                raise malformed(f"it has an entry of the unknown kind {entry.kind!r}")
            size = _digits(pax[b"size"], 10) if b"size" in pax else entry.size
            has_content = entry.kind in _PLAIN
            self._left = size if has_content else 0
            self._padding = -self._left % BLOCK
            yield TarEntry(
                pax.get(b"path") or path or entry.path,
                _PLAIN.get(entry.kind, entry.kind),
                entry.mode,
                entry.modified,
                self._left,
                pax.get(b"linkpath") or target or entry.target,
            )
            path = target = b""
            pax = {}

    def content(self, size: int) -> bytes:
        """Return the next bytes of the current entry's content, none at its end."""
        if not self._left:
            return b""
        data = self._read(min(size, self._left))
        if not data:
            raise malformed("it ends in the middle of a file")
        self._left -= len(data)
        return data

    def _extension(self, entry: TarEntry) -> bytes:
        if entry.size > _MAX_EXTENSION:
            raise malformed("a name in it is too long")
        self._padding = -entry.size % BLOCK
        return self._exactly(entry.size)

    def _skip(self) -> None:
        while self.content(1 << 20):
            pass
        self._exactly(self._padding)
        self._padding = 0

    def _exactly(self, size: int, *, may_end: bool = False) -> bytes:
        data = self._read(size) if size else b""
        while len(data) < size:
            more = self._read(size - len(data))
            if not more:
                if may_end and not data:
                    return b""
                raise malformed("it ends too early")
            data += more
        return data


def _parsed(block: bytes) -> TarEntry:
    unsigned = sum(block) - sum(block[148:156]) + 8 * 0x20
    if _number(block[148:156]) != unsigned:
        raise malformed("a header's checksum is wrong")
    path = _text(block[:100])
    if block[257:263] == b"ustar\0" and block[345]:
        path = _text(block[345:500]) + b"/" + path
    return TarEntry(
        path,
        block[156:157],
        _number(block[100:108]) & 0o7777,
        _number(block[136:148], signed=True),
        _number(block[124:136]),
        _text(block[157:257]),
    )


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes, *, signed: bool = False) -> int:
    if field[:1] and field[0] & 0x80:
        value = int.from_bytes(field, "big", signed=True)
        value = value if field[0] == 0xFF else value & (1 << 8 * len(field) - 1) - 1
        if value < 0 and not signed:
            raise malformed("a size in it is negative")
        return value
    return _digits(field.strip(b"\0 ") or b"0", 8)


def _digits(digits: bytes, base: int) -> int:
    if not digits.isdigit() or len(digits) > 20:
        raise malformed("a number in it cannot be read")
    try:
        return int(digits, base)
    except ValueError:
        raise malformed("a number in it cannot be read") from None


def _records(data: bytes) -> dict[bytes, bytes]:
    found = {}
    while data:
        digits, space, _ = data.partition(b" ")
        length = _digits(digits, 10)
        record = data[len(digits) + 1 : length]
        key, equals, value = record[:-1].partition(b"=")
        if not space or not equals or record[-1:] != b"\n" or length > len(data):
            raise malformed("an extended header in it cannot be read")
        found[key] = value
        data = data[length:]
    return found


def _refuse_global(records: dict[bytes, bytes]) -> None:
    if records.keys() & {b"path", b"linkpath", b"size"}:
        raise malformed("it gives all its files one name")


def malformed(reason: str) -> StoreError:
    """Return the error that says that a layer is not a tar that can be read."""
    return StoreError(
        f"A layer cannot be unpacked: {reason}.",
        advice="Package the notebook again, or take the image from where it was made.",
    )
