"""ld.so.cache is read as ldconfig prints it, in both formats, whole or damaged."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from jupyter_modelpack.environment.loader import (
    Place,
    built_in_directories,
    expand,
    read_cache,
)


def _new_cache(rows: list[tuple[str, str, int]]) -> bytes:
    strings, entries = b"", b""
    start = 48 + 24 * len(rows)
    for name, path, hardware in rows:
        offsets = []
        for text in (name, path):
            offsets.append(start + len(strings))
            strings += text.encode() + b"\0"
        entries += struct.pack("=iIIIQ", 0x0303, *offsets, 0, hardware)
    head = b"glibc-ld.so.cache1.1" + struct.pack("=IIB3xI12x", len(rows), len(strings), 2, 0)
    return head + entries + strings


def _old_cache(rows: list[tuple[str, str]]) -> bytes:
    strings, entries = b"", b""
    for name, path in rows:
        offsets = []
        for text in (name, path):
            offsets.append(len(strings))
            strings += text.encode() + b"\0"
        entries += struct.pack("=iII", 3, *offsets)
    return b"ld.so-1.7.0\0" + struct.pack("=I", len(rows)) + entries + strings


def test_this_machines_cache_as_ldconfig_prints_it() -> None:
    ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin:/usr/bin")
    if ldconfig is None or not Path("/etc/ld.so.cache").exists():
        pytest.skip("there is no ldconfig, or no ld.so.cache")
    printed = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=True).stdout
    expected: dict[str, set[str]] = {}
    for name, path in re.findall(r"^\t(\S+) \(.*\) => (\S+)$", printed, re.MULTILINE):
        expected.setdefault(name, set()).add(path)
    found = read_cache(Path("/etc/ld.so.cache").read_bytes())
    print(f"ldconfig -p: {len(expected)} names, {len(found)} read")
    assert expected
    assert {name: set(paths) for name, paths in found.items()} == expected


def test_libraries_for_special_processors_come_last() -> None:
    data = _new_cache([("libx.so.1", "/v3/libx.so.1", 1 << 62), ("libx.so.1", "/libx.so.1", 0)])
    assert read_cache(data) == {"libx.so.1": ("/libx.so.1", "/v3/libx.so.1")}


def test_old_format_alone_and_before_the_new_one() -> None:
    old = _old_cache([("liba.so", "/old/liba.so"), ("libb.so", "/old/libb.so")])
    assert read_cache(old) == {"liba.so": ("/old/liba.so",), "libb.so": ("/old/libb.so",)}
    both = old + bytes(-len(old) % 8) + _new_cache([("liba.so", "/new/liba.so", 0)])
    assert read_cache(both) == {"liba.so": ("/new/liba.so",)}


def test_damaged_caches_do_no_harm() -> None:
    data = _new_cache([("liba.so", "/a/liba.so", 0), ("libb.so", "/b/libb.so", 0)])
    assert read_cache(b"") == read_cache(b"nonsense") == {}
    for length in range(len(data)):
        read_cache(data[:length])
    old = _old_cache([("liba.so", "/a/liba.so")])
    for length in range(len(old)):
        read_cache(old[:length])
    many = bytearray(data)
    many[20:24] = b"\xff\xff\xff\xff"
    read_cache(bytes(many))


def test_directories_come_from_the_loader_itself() -> None:
    text = b"\x01\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0more"
    assert built_in_directories(text) == (
        "/lib/x86_64-linux-gnu",
        "/usr/lib/x86_64-linux-gnu",
        "/lib",
        "/usr/lib",
    )
    assert "/usr/lib64" in built_in_directories(b"\0/lib64/\0/usr/lib64/\0")
    assert "/usr/lib" in built_in_directories(b"nothing here")


def test_origin_means_each_files_own_place() -> None:
    places = expand(
        ("$ORIGIN/../x.libs", "/opt/cuda", "${ORIGIN}", "$LIB/y"), "/h/p/x.so", "i/p/x.so"
    )
    assert places == (
        Place("/h/x.libs", "i/x.libs"),
        Place("/opt/cuda", "/opt/cuda"),
        Place("/h/p", "i/p"),
    )
