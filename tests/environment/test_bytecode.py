"""Bytecode is the same whether it was compiled or taken from the host, and is made quickly."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import marshal
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from jupyter_modelpack.adapters import bytecode as bytecode_adapter
from jupyter_modelpack.adapters.bytecode import compile_tree
from jupyter_modelpack.environment import bytecode_program
from jupyter_modelpack.environment.bytecode import bytecode_jobs
from jupyter_modelpack.errors import Aborted
from jupyter_modelpack.oci.tree import File, Tree

PROGRAM = str(Path(bytecode_program.__file__))
VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
LIBRARY = "opt/python/lib/python3.x"


@dataclass(frozen=True)
class Python:
    executable: str
    python_version: str
    implementation: str
    cache_tag: str
    stdlib: str


def _ask(executable: str) -> Python:
    program = (
        "import json, os, platform, sys; print(json.dumps([sys.executable,"
        "platform.python_version(), sys.implementation.name, sys.implementation.cache_tag,"
        "os.path.dirname(os.__file__)]))"
    )
    out = subprocess.run([executable, "-I", "-c", program], capture_output=True, check=True)
    return Python(*json.loads(out.stdout))


def _pyenv(version: str) -> Python:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = sorted(root.glob(f"{version}.*/bin/python{version}"))
    if not found:
        pytest.skip(f"pyenv has no Python {version} on this machine")
    return _ask(str(found[-1]))


@pytest.fixture(scope="module")
def here() -> Python:
    return _ask(sys.executable)


def _tree(directory: str, image: str) -> Tree:
    entries = [
        File(f"{image}{base[len(directory) :]}/{name}", source=f"{base}/{name}")
        for base, _, names in os.walk(directory)
        for name in names
        if name.endswith(".py") and "site-packages" not in base
    ]
    return Tree("modules", "distributions", tuple(entries))


def _one(tmp_path: Path, text: str, name: str = "x.py") -> Tree:
    source = tmp_path / name
    source.write_text(text)
    os.utime(source, (1e9, 1e9))
    return Tree("x", "distributions", (File(f"{LIBRARY}/{name}", source=str(source)),))


def _made(tree: Tree) -> dict[str, bytes]:
    return {
        entry.path: Path(entry.source).read_bytes()
        for entry in tree.entries
        if isinstance(entry, File) and entry.path.endswith(".pyc")
    }


_BOTH_WAYS = """
import hashlib, os, runpy, sys
program = runpy.run_path(sys.argv[1])
way = sys.argv[2]
kept = [sys.intern(chr(i)) for i in range(256)] if way == "compile" else []
for line in sys.stdin:
    source, path = line.rstrip("\\n").split("\\t")
    with open(source, "rb") as stream:
        data = stream.read()
    cached = program["host_code"](source, data, os.stat(source)) if way == "cached" else None
    try:
        letter, made = program["bytecode"](data, path, cached)
    except Exception as error:
        letter, made = "s", b""
    print(letter, path, hashlib.sha256(made).hexdigest())
"""


def _both_ways(python: Python, tree: Tree, way: str, *, backwards: bool) -> dict[str, list[str]]:
    """Return letter and digest for each path; each way in an own process, in its own order."""
    entries = sorted(tree.entries, key=lambda entry: entry.path, reverse=backwards)
    lines = [f"{e.source}\t/{e.path}\n" for e in entries if isinstance(e, File)]
    done = subprocess.run(
        [python.executable, "-W", "ignore", "-S", "-B", "-c", _BOTH_WAYS, PROGRAM, way],
        input="".join(lines),
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7" if backwards else "random"},
    )
    rows = [line.split(" ") for line in done.stdout.splitlines()]
    return {path: [letter, digest] for letter, path, digest in rows}


@pytest.mark.parametrize("version", VERSIONS)
def test_b2_compiled_and_rewritten_bytecode_are_equal(version: str) -> None:
    python = _pyenv(version)
    whole = _tree(python.stdlib, LIBRARY)
    tree = replace(whole, entries=tuple(job.source for job in bytecode_jobs(whole, python)))
    cached = _both_ways(python, tree, "cached", backwards=False)
    compiled = _both_ways(python, tree, "compile", backwards=True)
    rewritten = sum(letter == "r" for letter, _ in cached.values())
    skipped = sum(letter == "s" for letter, _ in compiled.values())
    different = [path for path in cached if cached[path][1] != compiled[path][1]]
    print(
        f"B2: Python {version}: {len(cached)} modules, {rewritten} rewritten, "
        f"{skipped} do not compile, {len(different)} different"
    )
    assert len(cached) > 500
    assert not different
    if rewritten:
        assert rewritten > 0.9 * len(cached)


def test_made_bytecode_is_what_import_takes(here: Python, tmp_path: Path) -> None:
    tree = compile_tree(_one(tmp_path, "VALUE = 41 + 1\n"), here, tmp_path / "cache")
    ((path, data),) = _made(tree).items()
    assert path == f"{LIBRARY}/__pycache__/x.{here.cache_tag}.pyc"
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert data[4:8] == b"\1\0\0\0"
    assert data[8:16] == importlib.util.source_hash((tmp_path / "x.py").read_bytes())
    code = marshal.loads(data[16:])
    assert code.co_filename == f"/{LIBRARY}/x.py"
    assert str(tmp_path).encode() not in data


def test_b2_bytecode_tells_nothing_of_where_and_when_it_was_made(
    here: Python, tmp_path: Path
) -> None:
    text = "def f(x):\n    return x in {'a', 'b', None, (1, 'd')}\nz = [i for i in 'ab']\n"
    found = set()
    for number in range(4):
        place = tmp_path / f"{'d' * number}x"
        place.mkdir()
        tree = compile_tree(_one(place, text), here, place / "cache")
        found.add(hashlib.sha256(b"".join(_made(tree).values())).hexdigest())
    assert len(found) == 1


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the times of files that were written just now."""
    monkeypatch.setattr(bytecode_adapter, "_RACY_SECONDS", 0.0)


@pytest.mark.usefixtures("settled")
def test_second_time_starts_no_interpreter(here: Python, tmp_path: Path) -> None:
    tree = _one(tmp_path, "x = 1\n")
    source = tmp_path / "x.py"
    first = compile_tree(tree, here, tmp_path / "cache")
    made = (tmp_path / "cache/bytecode").rglob("sizes.json")
    times = [path.stat().st_ctime_ns for path in made]
    assert compile_tree(tree, here, tmp_path / "cache") == first
    assert [p.stat().st_ctime_ns for p in (tmp_path / "cache").rglob("sizes.json")] == times
    source.write_text("x = 2\n")
    os.utime(source, (1e9, 1e9))
    changed = compile_tree(tree, here, tmp_path / "cache")
    assert _made(changed) != _made(first)


def test_source_that_is_still_edited_is_compiled_each_time(here: Python, tmp_path: Path) -> None:
    tree = _one(tmp_path, "x = 1\n")
    first, second = (compile_tree(tree, here, tmp_path / "cache") for _ in range(2))
    assert first.entries[1:] != second.entries[1:]
    assert _made(first) == _made(second)


@pytest.mark.usefixtures("settled")
def test_lost_or_cut_cache_is_made_again(here: Python, tmp_path: Path) -> None:
    tree = _one(tmp_path, "x = 1\n")
    first = compile_tree(tree, here, tmp_path / "cache")
    expected = _made(first)
    (entry,) = first.entries[1:]
    assert isinstance(entry, File)
    Path(entry.source).write_bytes(b"")
    assert _made(compile_tree(tree, here, tmp_path / "cache")) == expected
    Path(entry.source).unlink()
    assert _made(compile_tree(tree, here, tmp_path / "cache")) == expected
    (Path(entry.source).parent / "sizes.json").write_text("[1]")
    assert _made(compile_tree(tree, here, tmp_path / "cache")) == expected


def test_stale_and_foreign_bytecode_of_the_host_is_not_taken(here: Python, tmp_path: Path) -> None:
    tree = _one(tmp_path, "x = 'new'\n")
    expected = _made(compile_tree(tree, here, tmp_path / "cache"))
    old = compile("x = 'old'\n", "/x.py", "exec")
    size = (tmp_path / "x.py").stat().st_size
    cached = Path(importlib.util.cache_from_source(str(tmp_path / "x.py")))
    cached.parent.mkdir()
    magic, right = importlib.util.MAGIC_NUMBER, (10**9).to_bytes(4, "little")
    heads = {
        "other time": magic + bytes(4) + bytes(4) + size.to_bytes(4, "little"),
        "other size": magic + bytes(4) + right + bytes(4),
        "other magic": b"\0\0\r\n" + bytes(4) + right + size.to_bytes(4, "little"),
        "other hash": magic + b"\1\0\0\0" + bytes(8),
        "cut": b"",
    }
    for number, (what, head) in enumerate(heads.items()):
        cached.write_bytes(head + marshal.dumps(old))
        assert _made(compile_tree(tree, here, tmp_path / f"cache{number}")) == expected, what


def test_module_that_does_not_compile_gets_no_bytecode(here: Python, tmp_path: Path) -> None:
    good = _one(tmp_path, "x = 1\n")
    bad = _one(tmp_path, "print 'python 2'\n", "y.py")
    deep = _one(tmp_path, "(" * 5000, "z.py")
    gone = Tree("x", "distributions", (File(f"{LIBRARY}/gone.py", source="/nowhere/gone.py"),))
    entries = good.entries + bad.entries + deep.entries + gone.entries
    tree = compile_tree(replace(good, entries=entries), here, tmp_path / "cache")
    assert list(_made(tree)) == [f"{LIBRARY}/__pycache__/x.{here.cache_tag}.pyc"]


def test_interpreter_that_breaks_costs_only_speed(here: Python, tmp_path: Path) -> None:
    tree = _one(tmp_path, "x = 1\n")
    (tmp_path / "file").touch()
    assert compile_tree(tree, here, tmp_path / "file") == tree
    for executable in ("/nowhere/python", "/bin/false"):
        broken = replace(here, executable=executable)
        assert compile_tree(tree, broken, tmp_path / "cache") == tree
    assert compile_tree(tree, replace(here, implementation="pypy"), tmp_path / "cache") == tree


def test_abort_stops_the_interpreters(here: Python, tmp_path: Path) -> None:
    with pytest.raises(Aborted):
        compile_tree(_tree(here.stdlib, LIBRARY), here, tmp_path / "cache", cancelled=lambda: True)
    home = tmp_path / "cache/bytecode"
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_tests_data_and_other_places_get_none(here: Python) -> None:
    paths = ("lib2to3/x.py", "test/x.py", "p/tests/x.py", "x.txt", "ok/x.py")
    entries = [File(f"{LIBRARY}/{path}", content=b"x = 1\n") for path in paths]
    entries += [File("app/files/x.py", content=b""), File(f"{LIBRARY}/y.py", content=b"")]
    entries += [File(f"{LIBRARY}/__pycache__/y.{here.cache_tag}.pyc", content=b"")]
    jobs = bytecode_jobs(Tree("x", "distributions", tuple(entries)), here)
    assert [job.target for job in jobs] == [f"{LIBRARY}/ok/__pycache__/x.{here.cache_tag}.pyc"]


def test_sources_made_of_content_and_odd_names(here: Python, tmp_path: Path) -> None:
    name = f"{LIBRARY}/site-packages/späß und 'so'.py"
    tree = Tree("x", "distributions", (File(name, content=b"x = 1\n"),))
    ((_, data),) = _made(compile_tree(tree, here, tmp_path / "cache")).items()
    assert marshal.loads(data[16:]).co_filename == f"/{name}"


def test_speed_over_the_standard_library(here: Python, tmp_path: Path) -> None:
    tree = _tree(here.stdlib, LIBRARY)
    count = len(bytecode_jobs(tree, here))
    start = time.perf_counter()
    made = compile_tree(tree, here, tmp_path / "cache")
    cold = time.perf_counter() - start
    start = time.perf_counter()
    assert compile_tree(tree, here, tmp_path / "cache") == made
    warm = time.perf_counter() - start
    print(f"{count} modules: {cold:.2f} s, again {warm:.3f} s")
    assert len(_made(made)) == count
    assert warm < 0.5


def test_who_makes_the_same_at_once_takes_no_file_from_another(
    here: Python, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = _tree(f"{here.stdlib}/json", f"{LIBRARY}/json")
    first = [e for e in compile_tree(tree, here, tmp_path).entries if e.path.endswith(".pyc")]
    before = [os.stat(entry.source) for entry in first if isinstance(entry, File)]
    real, asked = bytecode_adapter._kept, []

    def nothing_there_yet(directory: Path) -> dict[str, int] | None:
        asked.append(directory)
        return None if len(asked) == 1 else real(directory)

    monkeypatch.setattr(bytecode_adapter, "_kept", nothing_there_yet)
    second = compile_tree(tree, here, tmp_path)
    assert len(asked) > 1
    after = [os.stat(entry.source) for entry in first if isinstance(entry, File)]
    assert [found.st_ino for found in after] == [found.st_ino for found in before]
    assert [e for e in second.entries if e.path.endswith(".pyc")] == first
