"""A program: tries to leave a directory with every hostile layer we know of, and prints the result.

It is run by row B4 with each Python. The shapes are those of published weaknesses in unpackers
(names with dots, links and what goes through them, whiteouts, hard links, header games, bombs); the
place around the directory is compared before and after, down to inode change times.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from jupyter_modelpack.errors import StoreError
from jupyter_modelpack.oci.descriptor import LAYER, LAYER_GZIP
from jupyter_modelpack.oci.unpack import UnpackLimits, unpack_layer

LIMITS = UnpackLimits(max_bytes=32 << 20, max_entries=2_000, max_depth=50)
Member = tuple[tarfile.TarInfo, bytes]


def member(
    name: str, kind: bytes = tarfile.REGTYPE, target: str = "", data: bytes = b"evil"
) -> Member:
    info = tarfile.TarInfo(name)
    info.name = name  # TarInfo strips a last slash
    info.type, info.linkname, info.mode = kind, target, 0o4777
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    return info, data if kind == tarfile.REGTYPE else b""


def packed(*members: Member, style: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=style) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def link(name: str, target: str) -> Member:
    return member(name, tarfile.SYMTYPE, target)


def hard(name: str, target: str) -> Member:
    return member(name, tarfile.LNKTYPE, target)


def folder(name: str) -> Member:
    return member(name, tarfile.DIRTYPE)


def names(outside: str) -> Iterator[str]:
    yield from ("..", "../", "../..", "../victim", "../../victim", "a/../../victim", "./../victim")
    yield from ("a/./../../victim", "//victim", "/victim", "/../victim", "a/b/../../../victim")
    yield from (outside + "/victim", "/" + outside + "/victim", "..//victim", ".//..//victim")
    yield from ("x/" * 30 + "../" * 31 + "victim", "..\\victim/../../victim", "a/..", "...//../..")


def named(outside: str) -> Iterator[tuple[str, bytes]]:
    for number, name in enumerate(names(outside)):
        for style in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
            yield f"name-{number}-file-{style}", packed(member(name), style=style)
        yield f"name-{number}-folder", packed(folder(name), member(name + "/in"))
        yield f"name-{number}-link", packed(link(name, "/etc/passwd"))
        yield f"name-{number}-hard", packed(member("a"), hard("h", name), hard(name, "a"))
        head, _, last = name.rstrip("/").rpartition("/")
        whiteout = f"{head}/.wh.{last}" if head else f".wh.{last}"
        yield f"name-{number}-whiteout", packed(member(whiteout))
        yield f"name-{number}-opaque", packed(member(name.rstrip("/") + "/.wh..wh..opq"))


def through_links(outside: str) -> Iterator[tuple[str, bytes]]:
    targets = {
        "absolute": outside,
        "relative": "../" * 3 + "outside",
        "up": "..",
        "up-here": "./..",
        "root": "/",
        "chain": "hop",
        "self": "door",
        "long": "x/" + "../x/" * 900 + "../../outside",
    }
    for name, target in targets.items():
        before = [link("hop", outside), folder("x"), link("door", target)]
        after = {
            "file": [member("door/victim")],
            "deep-file": [member("door/outside/victim")],
            "folder": [folder("door/new")],
            "chmod": [folder("door")],
            "chmod-in": [folder("door/kept")],
            "link": [link("door/victim", "/etc/passwd")],
            "hard-to": [hard("h", "door/victim"), member("h")],
            "hard-link-itself": [hard("h", "door"), member("h/victim")],
            "hard-from": [member("a"), hard("door/victim", "a")],
            "whiteout": [member("door/.wh.victim")],
            "opaque": [member("door/.wh..wh..opq")],
            "replace": [member("door"), member("door/victim")],
        }
        for what, members in after.items():
            yield f"through-{name}-{what}", packed(*before, *members)


def overlong() -> Iterator[tuple[str, bytes]]:
    """Paths that grow past PATH_MAX when they are resolved, as in CVE-2025-4517."""
    component, path, steps = "d" * 247, "", []
    for letter in "abcdefghijklmnop":
        steps += [folder(path + component), link(path + letter, component)]
        path += component + "/"
    short = "/".join("abcdefghijklmnop")
    way_out = short + "/" + "l" * 254
    steps += [link(way_out, "../" * 16), link("escape", way_out + "/../../outside")]
    for what in ([hard("flag", "escape/victim")], [member("escape/new")], [folder("escape")]):
        yield f"overlong-{what[0][0].name}", packed(*steps, *what, member("flag"))


def headers() -> Iterator[tuple[str, bytes]]:
    good = packed(member("a", data=b"1" * 600))
    for name, at, value in (
        ("checksum", 148, b"0000000\0"),
        ("size-negative", 124, b"\xff" * 12),
        ("size-huge", 124, b"\x80" + b"\x7f" * 11),
        ("size-text", 124, b"12345678z99\0"),
        ("size-signed", 124, b"-0000000001\0"),
        ("size-past-end", 124, b"77777777777\0"),
        ("mode-huge", 100, b"\x80" + b"\xff" * 7),
    ):
        block = bytearray(good)
        block[at : at + len(value)] = value
        if name != "checksum":
            block[148:156] = b" " * 8
            block[148:156] = b"%06o\0 " % sum(block[:512])
        yield f"header-{name}", bytes(block)
    for cut in (1, 511, 513, 700, 1024, 1100):
        yield f"header-cut-{cut}", good[:cut]
    for kind in b"3467ABDMSVgz":
        yield f"header-kind-{chr(kind)}", packed(member("k", bytes([kind])), member("k/victim"))
    for key, value in (
        ("path", "../victim"),
        ("path", "/victim"),
        ("path", "a\0/../../victim"),
        ("linkpath", "../victim"),
        ("size", "-1"),
        ("size", "99999999999999999999999"),
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.name", "../victim"),
    ):
        for form in ("pax_headers", "global"):
            info, data = member("p", tarfile.LNKTYPE if key == "linkpath" else tarfile.REGTYPE)
            out = io.BytesIO()
            extra = {"pax_headers": {key: value}} if form == "global" else {}
            with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, **extra) as archive:
                info.pax_headers = {key: value} if form == "pax_headers" else {}
                archive.addfile(info, io.BytesIO(data))
            yield f"pax-{form}-{key}-{len(value)}", out.getvalue()
    for name, record in (
        ("length", b"99 path=x\n"),
        ("zero", b"0 path=x\n"),
        ("text", b"x path=x\n"),
        ("none", b"9999"),
    ):
        yield (
            f"pax-record-{name}",
            packed(member("x", b"x", data=record))[:512] + record.ljust(512, b"\0"),
        )
    yield "gnu-long-name", packed(member("../" * 200 + "victim"), style=tarfile.GNU_FORMAT)
    yield "component-too-long", packed(member("n" * 256))
    yield "nameless", packed(member(""))
    yield "dot", packed(member("."))
    yield "whiteout-of-up", packed(member(".wh..."), member("a/.wh..."))
    yield "whiteout-of-here", packed(member(".wh.."), member("a/.wh.."))
    yield "whiteout-of-nothing", packed(member(".wh."))
    yield "hard-to-itself", packed(member("a"), hard("a", "a"))
    yield "hard-to-folder", packed(folder("a"), hard("b", "a"))
    yield "hard-to-nothing", packed(hard("b", ""), hard("c", "no"))
    yield "set-id", packed(member("root-shell"))


def bombs() -> Iterator[tuple[str, bytes]]:
    zeros = packed(member("zeros", data=bytes(64 << 20)))
    yield "bomb-size", zeros
    yield "bomb-gzip", gzip.compress(zeros, 9)
    yield "bomb-gzip-members", gzip.compress(bytes(1 << 20), 9) * 64
    yield "bomb-entries", packed(*(member(f"f{n}", data=b"") for n in range(2_100)))
    yield "bomb-depth", packed(member("d/" * 60 + "f"))
    yield "bomb-depth-folders", packed(*(folder("/".join("d" * n)) for n in range(1, 120)))
    info, _ = member("x", tarfile.XHDTYPE)
    info.size = 8 << 20
    yield "bomb-pax", info.tobuf() + bytes(8 << 20)
    info, _ = member("x", tarfile.GNUTYPE_LONGNAME)
    info.size = 30 << 20
    yield "bomb-name", info.tobuf() + b"a" * (30 << 20)


def corpus(outside: str) -> Iterator[tuple[str, bytes]]:
    yield from named(outside)
    yield from through_links(outside)
    yield from overlong()
    yield from headers()
    yield from bombs()


def seen(root: Path, without: Path) -> dict[str, tuple[object, ...]]:
    """Everything below ``root`` but for ``without``: contents and all that stat tells."""
    found: dict[str, tuple[object, ...]] = {}
    for folder_name, folders, files in os.walk(root):
        here = Path(folder_name)
        folders[:] = [f for f in folders if here / f != without]
        for path in [here, *(here / f for f in files), *(here / f for f in folders)]:
            fact = path.lstat()
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            found[str(path)] = (fact.st_mode, fact.st_nlink, fact.st_ino, fact.st_ctime_ns, content)
    return found


def attack(root: Path) -> dict[str, object]:
    outside, into = root / "outside", root / "a/b/into"
    (outside / "kept").mkdir(parents=True)
    (into.parent).mkdir(parents=True)
    for victim in (root, outside, into.parent, root / "a"):
        (victim / "victim").write_bytes(b"precious")
    tried, refused, slowest, broken = 0, 0, (0.0, ""), []
    for name, data in corpus(str(outside)):
        # with an empty directory, and on top of a layer that left links to the outside behind
        for earlier in (False, True):
            into.mkdir()
            if earlier:
                for door, target in (("a", outside), ("door", outside), ("p", outside / "victim")):
                    (into / door).symlink_to(target)
            before = seen(root, into)
            began = time.monotonic()
            tried += 1
            try:
                media_type = LAYER_GZIP if data[:2] == b"\x1f\x8b" else LAYER
                unpack_layer(io.BytesIO(data), media_type, into, LIMITS)
            except StoreError:
                refused += 1
            except Exception as error:
                broken.append(f"{name}: {error!r}")
            slowest = max(slowest, (time.monotonic() - began, name))
            if seen(root, into) != before:
                broken.append(f"{name}: outside was touched")
            if any(p.lstat().st_mode & 0o6000 for p in into.rglob("*")):
                broken.append(f"{name}: something is set-id")
            if sum(p.lstat().st_size for p in into.rglob("*")) > 33 << 20:
                broken.append(f"{name}: a bomb went off")
            shutil.rmtree(into)
    return {"tried": tried, "refused": refused, "slowest": slowest, "broken": broken}


if __name__ == "__main__":
    print(json.dumps(attack(Path(sys.argv[1]))))
