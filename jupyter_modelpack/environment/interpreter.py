"""The interpreter's layer: Python and its standard library, laid out to run in /opt/python."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from jupyter_modelpack.environment.facts import Facts, inside
from jupyter_modelpack.environment.host import Host
from jupyter_modelpack.environment.zipped import zipped_library
from jupyter_modelpack.oci.tree import Entry, File, Link, Tree

PREFIX = "opt/python"

# Parts of the standard library that no sealed run needs, by path; kept when they are imported.
_LEFT_OUT = frozenset(
    {
        "test",
        "idlelib",
        "turtledemo",
        "turtle.py",
        "tkinter",
        "ensurepip",
        "pydoc_data",
        "lib2to3/tests",
        "unittest/test",
        "distutils/tests",
        "distutils/command/wininst",
        "ctypes/test",
        "sqlite3/test",
        "site-packages",
        "dist-packages",
        "sitecustomize.py",
        "usercustomize.py",
        "EXTERNALLY-MANAGED",
    }
)
# The importable name behind an entry above, when it is not the entry itself.
_BEHIND = {"turtle.py": "turtle", "lib-dynload/_tkinter": "tkinter"}
_BUILD_SETTINGS = ("_sysconfigdata", "_sysconfig_vars", "build-details")
_DROPPED_ENDINGS = (".pyc", ".a", ".o", ".exe", ".h", ".bat")
_TEST_EXTENSIONS = ("_test", "_ctypes_test", "_xxtestfuzz", "xxlimited", "xxsubtype", "_xxinterp")


def interpreter_tree(facts: Facts, host: Host, *, keep: frozenset[str] = frozenset()) -> Tree:
    """Return the interpreter, its shared library and its standard library.

    ``keep`` names the imported modules of the standard library, so that parts which are usually
    left out, such as ``tkinter`` or ``test``, come along when they are used.
    """
    facts.require_capture()
    tops = frozenset(module.partition(".")[0] for module in keep)
    entries: dict[str, Entry] = {}
    for entry in (
        *_program(facts, host),
        *_library(facts, host, tops),
        *_zipped_library(facts, host),
        *_relocation(facts, host),
    ):
        entries.setdefault(entry.path, entry)
    ordered = tuple(entries[path] for path in sorted(entries))
    return Tree(f"Python {facts.python_version}", "interpreter", ordered)


def _program(facts: Facts, host: Host) -> Iterator[Entry]:
    yield File(facts.image_python, source=facts.program, executable=True)
    for name in {f"python{facts.version}", "python3", "python"} - {facts.library}:
        yield Link(f"{PREFIX}/bin/{name}", facts.library)
    described = host.file(facts.libpython) if facts.libpython else None
    if facts.libpython and described:
        name = posixpath.basename(facts.libpython)
        yield File(f"{PREFIX}/lib/{name}", source=described.path)


def _library(facts: Facts, host: Host, tops: frozenset[str]) -> Iterator[Entry]:
    for path in _wanted_files(facts.stdlib, "", host, tops):
        source = f"{facts.stdlib}/{path}"
        described = host.file(source)
        if described is None:
            continue
        target = f"{facts.image_stdlib}/{path}"
        if posixpath.basename(path).startswith(_BUILD_SETTINGS):
            yield File(target, content=_without_prefix(host.read(source) or b"", facts))
        else:
            yield File(target, source=described.path)


def _wanted_files(base: str, below: str, host: Host, tops: frozenset[str]) -> Iterator[str]:
    for entry in host.list(f"{base}/{below}".rstrip("/")):
        path = f"{below}/{entry.name}" if below else entry.name
        if entry.name == "__pycache__" or _left_out(path, tops):
            continue
        if entry.is_directory:
            if below or not path.startswith(("config-", "LC_MESSAGES")):
                yield from _wanted_files(base, path, host, tops)
        elif not path.endswith(_DROPPED_ENDINGS):
            yield path


def _left_out(path: str, tops: frozenset[str]) -> bool:
    if path in _LEFT_OUT:
        return _BEHIND.get(path, path.partition("/")[0]) not in tops or path == "site-packages"
    directory, _, name = path.rpartition("/")
    if directory != "lib-dynload":
        return False
    if name.startswith("_tkinter"):
        return not tops & {"tkinter", "turtle", "_tkinter"}
    return name.startswith(_TEST_EXTENSIONS) and not tops & {"test", name.partition(".")[0]}


def _without_prefix(text: bytes, facts: Facts) -> bytes:
    """Return build settings without the place that this Python was installed to."""
    if facts.base_prefix in ("/usr", "/"):
        return text
    return text.replace(facts.base_prefix.encode(), f"/{PREFIX}".encode())


def _zipped_library(facts: Facts, host: Host) -> Iterator[Entry]:
    """Unpack a zipped standard library, because Python finds its prefix by a plain ``os.py``."""
    for name, content in zipped_library(facts, host):
        yield File(f"{facts.image_stdlib}/{name}", content=content)


def _relocation(facts: Facts, host: Host) -> Iterator[Entry]:
    """Yield the links that let a moved Python find its library and site-packages."""
    if facts.platlibdir != "lib":
        yield Link(f"{PREFIX}/{facts.platlibdir}", "lib")
    if not any(
        entry.name == "lib-dynload" or inside(entry.name, "lib-dynload")
        for entry in host.list(facts.stdlib)
    ):
        # Python warns at each start when the directory that it takes for its landmark is missing.
        yield File(f"{facts.image_stdlib}/lib-dynload/.keep", content=b"")
    if b"dist-packages" in (host.read(f"{facts.stdlib}/site.py") or b""):
        # Debian's site module looks only here.
        yield Link(f"{PREFIX}/lib/python3/dist-packages", f"../{facts.library}/site-packages")
