"""The program that a kernel's own Python runs to make bytecode that depends on the source alone.

It reads ``source NUL path-in-image NUL target NUL ...`` from standard input, writes each ``target``
and prints one letter for each: ``r`` rewritten from the host's bytecode, ``c`` compiled, ``s``
skipped.
Python 3.8 or newer; nothing is imported that a bare interpreter lacks.

Marshal version 2 has no back references and no mark for interned strings, so bytes do not tell
what else the process held. What is left to chance is the order of frozensets, made canonical in
the bytes; Python 3.11 and newer sort them themselves.
"""

from __future__ import annotations

import _imp
import marshal
import os
import sys
from importlib.util import MAGIC_NUMBER
from types import CodeType
from typing import Any

_RAW_MAGIC = int.from_bytes(MAGIC_NUMBER, "little")
_UNCHECKED_HASH = (1).to_bytes(4, "little")
_VERSION = 2


def bytecode(data: bytes, path: str, cached: CodeType | None) -> tuple[str, bytes]:
    """Return how it was made, and the bytes of the .pyc file for a source at ``path``.

    ``cached`` is a code object of the very same source, compiled under any file name.
    Raises whatever ``compile`` raises.
    """
    letter, body = "r", _marshalled(cached, path) if cached is not None else None
    if body is None:
        code = compile(data, path, "exec", dont_inherit=True, optimize=0)
        letter, body = "c", _marshalled(code, path)
    if body is None:
        raise ValueError(path)
    digest = _imp.source_hash(_RAW_MAGIC, data)
    return letter, MAGIC_NUMBER + _UNCHECKED_HASH + digest + body


def _marshalled(code: CodeType, path: str) -> bytes | None:
    """Return the canonical bytes of ``code`` under the file name ``path``.

    The name is exchanged in the bytes: ``code.replace`` loses what only the compiler knows (hidden
    locals of inlined comprehensions). None when the name's places there are not exactly those of
    the code objects.
    """
    names: list[str] = []
    sets: list[frozenset[Any]] = []
    _collect(code, names, sets)
    if len(set(names)) != 1:
        return None
    body = marshal.dumps(code, _VERSION)
    if sys.version_info < (3, 11):
        for each in sets:
            body = body.replace(marshal.dumps(each, _VERSION), _ordered(each))
    name = _text(names[0])
    return body.replace(name, _text(path)) if body.count(name) == len(names) else None


def _collect(code: CodeType, names: list[str], sets: list[frozenset[Any]]) -> None:
    names.append(code.co_filename)
    waiting: list[Any] = list(code.co_consts)
    for constant in waiting:
        if isinstance(constant, CodeType):
            _collect(constant, names, sets)
        elif isinstance(constant, tuple):
            waiting.extend(constant)
        elif isinstance(constant, frozenset):
            sets.append(constant)


def _ordered(each: frozenset[Any]) -> bytes:
    items = sorted(marshal.dumps(item, _VERSION) for item in each)
    return b">" + len(items).to_bytes(4, "little") + b"".join(items)


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return b"u" + len(data).to_bytes(4, "little") + data


def host_code(source: str, data: bytes, status: os.stat_result) -> CodeType | None:
    """Return the code in the host's own .pyc for ``source`` if Python would take it, else None."""
    directory, name = os.path.split(source)
    tag = sys.implementation.cache_tag
    raw = _read(f"{directory}/__pycache__/{name[:-3]}.{tag}.pyc")
    if raw is None or raw[:4] != MAGIC_NUMBER:
        return None
    flags = int.from_bytes(raw[4:8], "little")
    if flags == 0:
        times = (int(status.st_mtime) & 0xFFFFFFFF, len(data) & 0xFFFFFFFF)
        held = (int.from_bytes(raw[8:12], "little"), int.from_bytes(raw[12:16], "little"))
        valid = times == held
    else:
        valid = flags in (1, 3) and raw[8:16] == _imp.source_hash(_RAW_MAGIC, data)
    if not valid:
        return None
    try:
        code = marshal.loads(raw[16:])
    except (EOFError, ValueError, TypeError):
        return None
    return code if isinstance(code, CodeType) else None


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - pathlib costs half a second for 3,000 files
            return stream.read()
    except OSError:
        return None


def _make(source: str, path: str, target: str) -> str:
    try:
        with open(source, "rb") as stream:  # noqa: PTH123
            status = os.fstat(stream.fileno())
            data = stream.read()
        letter, content = bytecode(data, path, host_code(source, data, status))
        with open(target + ".part", "wb") as stream:  # noqa: PTH123
            stream.write(content)
        os.rename(target + ".part", target)
    except Exception:
        return "s"
    return letter


def main() -> None:
    """Do all jobs of standard input, in order."""
    fields = sys.stdin.buffer.read().split(b"\0")
    sys.warnoptions.append("ignore")
    for at in range(0, len(fields) - 2, 3):
        source, path, target = (os.fsdecode(field) for field in fields[at : at + 3])
        sys.stdout.write(_make(source, path, target))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
