"""Tar headers as we write them: ustar, and pax where a name or a size does not fit (POSIX 1003.1).

Owners, times and permissions are fixed, so that the same content always gives the same bytes.
"""

from __future__ import annotations

BLOCK = 512
END = bytes(2 * BLOCK)
WRITER = 1
"""The version of what is written; a change of any byte for the same input needs a new number."""

FILE, LINK, DIRECTORY, _PAX = b"0", b"2", b"5", b"x"
MTIME = 315532800  # 1980-01-01, the first day that zip files know

_OWNERS = b"0000000\0" * 2
_TIME = b"%011o\0" % MTIME
_MAGIC = b"ustar\00000" + bytes(64) + b"0000000\0" * 2
_MAX_SIZE = 8**11 - 1
_MAX_NAME, _MAX_PREFIX = 100, 155
_FIXED = sum(_OWNERS) + sum(_TIME) + sum(_MAGIC) + 8 * 0x20

_modes: dict[tuple[int, bytes], tuple[bytes, int]] = {}


def header(path: bytes, kind: bytes, mode: int, size: int = 0, target: bytes = b"") -> bytes:
    """Return the header blocks of one entry; ``path`` has no slash at either end."""
    name = path + b"/" if kind == DIRECTORY else path
    prefix = b""
    records = b""
    if not name.isascii():
        records = _record(b"path", name)
    elif len(name) > _MAX_NAME:
        cut = name.rfind(b"/", 1, min(_MAX_PREFIX + 1, len(name) - 1))
        if cut > 0 and len(name) - cut - 1 <= _MAX_NAME:
            prefix, name = name[:cut], name[cut + 1 :]
        else:
            records = _record(b"path", name)
    if target and (len(target) > _MAX_NAME or not target.isascii()):
        records += _record(b"linkpath", target)
    if size > _MAX_SIZE:
        records += _record(b"size", b"%d" % size)
    block = _block(
        name[:_MAX_NAME], kind, mode, size if size <= _MAX_SIZE else 0, target[:_MAX_NAME], prefix
    )
    if not records:
        return block
    return _block(b"pax", _PAX, 0o644, len(records), b"", b"") + padded(records) + block


def padded(data: bytes) -> bytes:
    """Return ``data`` filled up with zeros to whole blocks."""
    return data + bytes(-len(data) % BLOCK)


def _block(name: bytes, kind: bytes, mode: int, size: int, target: bytes, prefix: bytes) -> bytes:
    cached = _modes.get((mode, kind))
    if cached is None:
        field = b"%07o\0" % mode
        cached = _modes[mode, kind] = field, _FIXED + sum(field) + kind[0]
    field, checksum = cached
    digits = b"%011o\0" % size
    checksum += sum(name) + sum(digits) + sum(target) + sum(prefix)
    return b"".join(
        (
            name.ljust(100, b"\0"),
            field,
            _OWNERS,
            digits,
            _TIME,
            b"%06o\0 " % checksum,
            kind,
            target.ljust(100, b"\0"),
            _MAGIC,
            prefix.ljust(167, b"\0"),
        )
    )


def _record(key: bytes, value: bytes) -> bytes:
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest)
    while length != len(rest) + len(b"%d" % length):
        length = len(rest) + len(b"%d" % length)
    return b"%d" % length + rest
