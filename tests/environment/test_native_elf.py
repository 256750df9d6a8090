"""ELF headers are read as an independent library reads them, and damaged files do no harm."""

from __future__ import annotations

import os
import random
import sys
import sysconfig
import time
from pathlib import Path

from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile

from jupyter_modelpack.adapters.elf import LinuxMachine, read_elf
from jupyter_modelpack.environment.native import ElfFile, elf_files
from jupyter_modelpack.oci.tree import File, Tree


def _objects() -> list[str]:
    roots = (sysconfig.get_path("platlib"), sysconfig.get_path("platstdlib"))
    return [
        f"{base}/{name}"
        for root in roots
        for base, _, names in os.walk(root)
        for name in sorted(names)
        if name.endswith(".so") or ".so." in name
    ]


def _judged(path: str) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    with Path(path).open("rb") as stream:
        for segment in ELFFile(stream).iter_segments():
            if isinstance(segment, DynamicSegment):
                for tag in segment.iter_tags():
                    for key in ("needed", "soname", "rpath", "runpath"):
                        if tag.entry.d_tag == f"DT_{key.upper()}":
                            out.setdefault(key, []).append(getattr(tag, key))
    return out


def test_reader_agrees_with_pyelftools() -> None:
    objects = [*_objects()[::5], os.path.realpath(sys.executable)]
    for path in objects:
        elf, judged = read_elf(path), _judged(path)
        assert elf is not None
        assert list(elf.needed) == judged.get("needed", [])
        assert [elf.soname] == judged.get("soname", [""])
        assert ":".join(elf.rpath) == ":".join(judged.get("rpath", []))
        assert ":".join(elf.runpath) == ":".join(judged.get("runpath", []))
    print(f"pyelftools: {len(objects)} objects, 0 differences")


def test_damaged_files_do_no_harm(tmp_path: Path) -> None:
    source = Path(min(_objects(), key=lambda path: Path(path).stat().st_size))
    good = source.read_bytes()
    chance = random.Random(1)
    path = tmp_path / "x.so"
    start = time.perf_counter()
    for _ in range(400):
        data = bytearray(good[: chance.choice((len(good), chance.randrange(len(good)), 64))])
        for _ in range(chance.randrange(1, 12)):
            data[chance.randrange(min(len(data), 1024))] = chance.randrange(256)
        if chance.random() < 0.5:
            data[:5] = good[:5]
        path.write_bytes(data)
        read_elf(str(path))
    print("A11: 400 damaged ELF files, 0 crashes")
    assert time.perf_counter() - start < 10


def test_other_files_are_no_elf(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("#!/bin/sh\n")
    (tmp_path / "empty").touch()
    (tmp_path / "fifo-like").mkdir()
    assert [read_elf(str(path)) for path in tmp_path.iterdir()] == [None, None, None]
    assert read_elf(str(tmp_path / "absent")) is None


def test_machine_follows_links_and_walks_in_order(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/b").write_bytes(b"b")
    (tmp_path / "a").symlink_to("d/b")
    (tmp_path / "loop").symlink_to("loop")
    machine = LinuxMachine()
    assert machine.real(str(tmp_path / "a")) == os.path.realpath(tmp_path / "d/b")
    assert machine.real(str(tmp_path / "loop")) is None
    assert machine.real(str(tmp_path / "d")) is None
    assert machine.read(str(tmp_path / "a")) == b"b"
    assert machine.read(str(tmp_path)) is None
    assert list(machine.walk(str(tmp_path))) == [("a", "d/b"), ("d/b", None), ("loop", "loop")]
    assert list(machine.walk(str(tmp_path / "absent"))) == []


def test_candidates_are_libraries_and_programs() -> None:
    tree = Tree(
        "x",
        "distributions",
        (
            File("a/x.so", source="/h/x.so"),
            File("a/libz.so.1", source="/h/libz.so.1"),
            File("a/made.so", content=b""),
            File("bin/python3.11", source="/h/python3.11", executable=True),
            File("bin/tool.py", source="/h/tool.py", executable=True),
            File("a/x.py", source="/h/x.py"),
        ),
    )
    assert elf_files([tree]) == (
        ElfFile("/h/x.so", "a/x.so"),
        ElfFile("/h/libz.so.1", "a/libz.so.1"),
        ElfFile("/h/python3.11", "bin/python3.11"),
    )
