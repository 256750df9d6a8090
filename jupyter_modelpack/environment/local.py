"""Local modules: the code beside a notebook that it imports, and what that imports in turn."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jupyter_modelpack.environment.facts import Facts
from jupyter_modelpack.environment.host import Host, stays_below
from jupyter_modelpack.environment.records import walk
from jupyter_modelpack.notebook.denied import is_denied
from jupyter_modelpack.notebook.paths import is_text

DATA_LIMIT = 16 << 20
_PATH_ADDED = re.compile(
    r"""sys\.path\.(?:append|insert)\(\s*(?:-?\d+\s*,\s*)?["']([^"']+)["']\s*\)"""
)
_NO_CODE = frozenset({"__pycache__", "node_modules"})
_CODE = (".py", ".so", ".pyi", ".pyx")


@dataclass(frozen=True)
class Wanted:
    """A module that is imported: ``optional`` when the code copes without it."""

    module: str
    optional: bool = False
    needed_by: str = ""


@dataclass(frozen=True)
class LocalFile:
    """A file beside the notebook: its path from the notebook's folder, and where it is."""

    path: str
    source: str
    size: int


@dataclass(frozen=True)
class LeftOut:
    """A file that stays out of the image, and why, in plain words."""

    path: str
    reason: str


@dataclass(frozen=True)
class LocalModules:
    """The local files of a notebook, what they import from elsewhere, and what was left out."""

    files: tuple[LocalFile, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def find_local_modules(
    imports: Iterable[Wanted], folder: str | None, facts: Facts, host: Host, sources: Iterable[str]
) -> LocalModules:
    """Return the local modules that ``imports`` reach, and the imports that are not local.

    As in a kernel, the notebook's folder comes first on the path, then folders below it that the
    notebook's ``sources`` add to ``sys.path`` by a literal. Of a package, all files are taken.
    """
    if folder is None:
        return LocalModules(wanted=tuple(imports))
    finder = _Finder(folder, facts, host, ["", *_added_folders(sources)])
    for wanted in imports:
        finder.add(wanted)
    return LocalModules(
        tuple(finder.files[path] for path in sorted(finder.files)),
        tuple(finder.elsewhere),
        tuple(LeftOut(path, finder.left_out[path]) for path in sorted(finder.left_out)),
    )


class _Finder:
    def __init__(self, folder: str, facts: Facts, host: Host, search: list[str]) -> None:
        self.folder, self.facts, self.host, self.search = folder, facts, host, search
        self.files: dict[str, LocalFile] = {}
        self.left_out: dict[str, str] = {}
        self.elsewhere: list[Wanted] = []
        self._seen: set[str] = set()

    def add(self, wanted: Wanted) -> None:
        top = wanted.module.partition(".")[0]
        if top in self._seen:
            return
        place = self._place(top)
        if place is None:
            self.elsewhere.append(wanted)
            return
        self._seen.add(top)
        path, is_directory = place
        for member in self._members(path) if is_directory else (path,):
            self._take(member)

    def _members(self, folder: str) -> Iterator[str]:
        """Yield the files of a package; hidden folders and environments hold no code of it."""
        entries = self.host.list(f"{self.folder}/{folder}")
        if any(entry.name == "pyvenv.cfg" for entry in entries):
            return
        for entry in entries:
            path = f"{folder}/{entry.name}"
            if not entry.is_directory:
                yield path
            elif entry.is_link:
                self.left_out[path] = "it is a link to another folder"
            elif not entry.name.startswith(".") and entry.name not in _NO_CODE:
                yield from self._members(path)

    def _place(self, top: str) -> tuple[str, bool] | None:
        """Return the path of a local module, and whether it is a directory."""
        for parent in self.search:
            stem = posixpath.join(parent, top) if parent else top
            if self.host.file(f"{self.folder}/{stem}/__init__.py"):
                return stem, True
            for suffix in (".py", *self.facts.extension_suffixes):
                if self.host.file(f"{self.folder}/{stem}{suffix}"):
                    return stem + suffix, False
        for parent in self.search:
            stem = posixpath.join(parent, top) if parent else top
            if self.facts.missing(top) and any(
                file.path.endswith(".py") for file in walk(self.folder, stem, self.host)
            ):
                return stem, True
        return None

    def _take(self, path: str) -> None:
        reason = is_denied(path)
        described = self.host.file(f"{self.folder}/{path}")
        if path.endswith((".pyc", ".ipynb")) or described is None:
            return
        if reason is None and not stays_below(described.path, self.folder, self.host):
            reason = "it is a link to a file outside the notebook's folder"
        if reason is None and not path.endswith(_CODE) and described.size > DATA_LIMIT:
            reason = f"it is larger than {DATA_LIMIT >> 20} MiB"
        if not is_text(path):
            path = ascii(path)[1:-1]
            reason = "its name is not text in UTF-8"
        if reason is not None:
            self.left_out[path] = reason
            return
        self.files[path] = LocalFile(path, described.path, described.size)
        if path.endswith(".py"):
            for wanted in imports_of(self.host.read(described.path) or b"", path):
                self.add(wanted)


def _added_folders(sources: Iterable[str]) -> Iterator[str]:
    for source in sources:
        for text in _PATH_ADDED.findall(source):
            path = posixpath.normpath(text)
            if not path.startswith(("/", "..", "~")) and path != ".":
                yield path


def imports_of(source: bytes, path: str) -> Iterator[Wanted]:
    """Yield the absolute imports of a Python file; nothing when it does not parse.

    Imports inside ``try``, ``if`` or a function are optional: the code may never reach them.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    certain = set(map(id, tree.body))
    for node in ast.walk(tree):
        optional = id(node) not in certain
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Wanted(alias.name, optional, path)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield Wanted(node.module, optional, path)
