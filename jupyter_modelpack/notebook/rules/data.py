"""Data: the files that cells read, which are packaged, named as inputs, or missed."""

from __future__ import annotations

import difflib
import fnmatch
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jupyter_modelpack.notebook.constants import HOLE
from jupyter_modelpack.notebook.denied import is_denied
from jupyter_modelpack.notebook.files import FileFact
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.paths import is_absolute, is_scratch, is_url, normal
from jupyter_modelpack.notebook.rules.context import Context, masked, shown
from jupyter_modelpack.notebook.rules.readers import Access, accesses

_MOST_FILES = 20_000
_DEEPEST = 16
_PERSONAL = re.compile(
    r"(/home/|/Users/|/root/|/content/|/kaggle/|/mnt/|/media/|~/|[A-Za-z]:\\)[^\s\0][^\n\0]*\Z"
)
_SQLITE = re.compile(r"sqlite(?:\+\w+)?:///(.+)")
_LOOKS_LIKE_FILE = re.compile(r"[^\n*?\"<>|]{1,200}\.[A-Za-z0-9]{1,10}\Z")


@dataclass(frozen=True)
class DataFile:
    """A file that a cell reads, by its path relative to the notebook's folder, in bytes."""

    path: str
    size: int
    cell: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of the REST interface."""
        return {"path": self.path, "size": self.size, "cell": self.cell}


@dataclass
class DataReport:
    """What reading and writing files comes to; ``external`` files are too large to package."""

    data: dict[str, DataFile] = field(default_factory=dict)
    external: dict[str, DataFile] = field(default_factory=dict)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)


@dataclass(frozen=True)
class _Touch:
    access: Access
    text: str
    cell: int
    line: int
    guarded: bool = False


def read_data(context: Context) -> DataReport:
    """Return the files that the notebook needs, and findings for those that cannot come along."""
    follower = _Follower(context)
    moves = _moves(context)
    for touch in _touches(context):
        follower.base = "."
        for cell, line, folder in moves:
            if (cell, line) < (touch.cell, touch.line):
                follower.base = folder
        follower.follow(touch)
    follower.mentioned_files()
    return follower.report


def _touches(context: Context) -> list[_Touch]:
    touches: list[_Touch] = []
    for call in context.reading.calls:
        for access, text in accesses(call):
            database = _SQLITE.match(text)
            if database:
                access, text = "mentions", database.group(1)
            if text.startswith("file://"):
                text = text[len("file://") :]
            touches.append(_Touch(access, text, call.cell, call.line, call.guarded))
    for cell, command in context.commands:
        place = (cell.number, command.line)
        words = command.text.split()
        if command.kind == "cell-magic" and command.name in ("writefile", "file") and words:
            touches.append(_Touch("writes", words[-1], *place))
        elif command.kind == "line-magic" and command.name == "run" and words:
            script = next((word for word in words if not word.startswith("-")), "")
            if script and not script.endswith(".ipynb") and "." not in posixpath.basename(script):
                script += ".py"
            touches.append(_Touch("reads", script.strip("'\""), *place))
        elif command.kind == "shell" or command.name in ("bash", "sh", "script", "!"):
            every = re.findall(r"[^\s'\"<>|;&=]+", f"{command.text} {command.body}")
            touches.extend(_Touch("mentions", word, *place) for word in every[:200])
    return sorted(touches, key=lambda touch: (touch.cell, touch.line))


def _moves(context: Context) -> list[tuple[int, int, str]]:
    moves: list[tuple[int, int, str]] = []
    given: list[tuple[int, int, str]] = []
    for call in context.reading.calls:
        if call.name == "os.chdir":
            given.extend((call.cell, call.line, text) for text in call.argument(0, "path")[:1])
    for cell, command in context.commands:
        if command.kind == "line-magic" and command.name == "cd":
            given.append((cell.number, command.line, command.text.strip("'\"")))
    base = "."
    for number, line, text in sorted(given):
        base = normal(text, base) or base
        moves.append((number, line, base))
    return moves


class _Follower:
    """Follows reads and writes from the top, knowing which files earlier cells have made."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.report = DataReport()
        self.base = "."
        self.written: set[str] = set()
        self.made: set[str] = set()
        self.mentioned: set[str] = set()
        self.own = posixpath.basename(context.snapshot.path)

    def follow(self, touch: _Touch) -> None:
        """Take one access to a file into account."""
        if not touch.text or is_url(touch.text) or len(touch.text) > 1000:
            self.mentioned.add(posixpath.basename(touch.text))
            return
        path = normal(touch.text, self.base)
        if touch.access in ("writes", "makes"):
            self._write(touch, path)
        elif touch.access == "mentions":
            self._mention(touch, path)
        elif path is None:
            self._outside(touch)
        elif HOLE in path or any(sign in path for sign in "*?["):
            self._match(touch, path)
        else:
            self._read(touch, path)

    def _write(self, touch: _Touch, path: str | None) -> None:
        if path is None:
            text = touch.text
            if (is_absolute(text) or text.startswith("..")) and not is_scratch(text):
                self._find(
                    "writes-outside",
                    text,
                    touch,
                    f"Writes to {shown(_plain(text))}, outside its own folder.",
                    "Write beside the notebook, with a relative path; elsewhere it is refused.",
                )
            self.written.add(text)
        elif touch.guarded:
            self.mentioned.add(posixpath.basename(path))
        elif touch.access == "makes":
            self.made.add(path)
        else:
            self.written.add(path)

    def _mention(self, touch: _Touch, path: str | None) -> None:
        text = touch.text
        if path is None:
            if _PERSONAL.match(text) and text not in self.written:
                self._outside(touch)
            return
        if HOLE in path:
            return
        fact = self.context.files.stat(path) if _LOOKS_LIKE_FILE.match(path) else None
        if fact is not None and not fact.is_dir:
            self._read(touch, path)
        else:
            self.mentioned.add(posixpath.basename(path))

    def _outside(self, touch: _Touch) -> None:
        text = touch.text
        earlier = any(text == done or text.startswith(done + "/") for done in self.written)
        if earlier or text.startswith(("/dev/", "/proc/", "/sys/", "/etc/")):
            return
        name = posixpath.basename(text.replace("\\", "/"))
        fact = self.context.files.stat(name) if name and HOLE not in name else None
        beside = fact is not None and not fact.is_dir
        self._find(
            "file-outside",
            text,
            touch,
            f"{shown(_plain(text))} lies outside this folder.",
            f"There is a {shown(name)} beside the notebook: read that one, by its name alone."
            if beside
            else "Copy it beside the notebook and read it from there, with a relative path.",
        )

    def _read(self, touch: _Touch, path: str) -> None:
        if path in self.written or path == self.own:
            return
        fact = self.context.files.stat(path)
        if fact is None:
            self._missing(touch, path)
        elif fact.is_dir:
            self._take_folder(touch, path)
        else:
            self._take(touch, path, fact)

    def _missing(self, touch: _Touch, path: str) -> None:
        made = any(path == folder or path.startswith(folder + "/") for folder in self.made)
        name = posixpath.basename(path)
        if made or touch.guarded or name in self.mentioned:
            return
        folder = posixpath.dirname(path)
        beside = [item for item in self.context.files.list(folder) if not is_denied(item)][:2000]
        near = difflib.get_close_matches(name, beside, n=1, cutoff=0.8)
        guess = f"Did you mean {shown(posixpath.join(folder, near[0]))}? " if near else ""
        self._find(
            "file-missing",
            path,
            touch,
            f"There is no {shown(path)} beside the notebook.",
            f"{guess}Put it there, or write it in an earlier cell.",
        )

    def _match(self, touch: _Touch, path: str) -> None:
        pattern = path.replace(HOLE, "*")
        fixed = posixpath.dirname(re.split(r"[*?\[]", pattern, maxsplit=1)[0])
        if not fixed and not posixpath.splitext(pattern)[1].strip(".*"):
            return  # a bare `*` says nothing about what is meant
        plain = pattern.replace("**/", "*")
        for found, fact in self._walk(fixed, deep="**" in pattern or "/" in pattern[len(fixed) :]):
            if fnmatch.fnmatchcase(found, plain) or fnmatch.fnmatchcase(found, pattern):
                self._take(touch, found, fact, quiet=True)

    def _take_folder(self, touch: _Touch, path: str) -> None:
        if path == "." or is_denied(f"{path}/"):
            return  # looking at the whole folder names no file in particular
        for found, fact in self._walk(path, deep=True):
            self._take(touch, found, fact, quiet=True)

    def _walk(self, folder: str, *, deep: bool) -> Iterator[tuple[str, FileFact]]:
        waiting, seen = [(folder, 0)], 0
        while waiting:
            current, depth = waiting.pop()
            for name in sorted(self.context.files.list(current)):
                path = posixpath.join(current, name)
                fact = self.context.files.stat(path)
                seen += 1
                if fact is None or seen > _MOST_FILES:
                    continue
                if not fact.is_dir:
                    yield path, fact
                elif deep and depth < _DEEPEST and not is_denied(f"{path}/"):
                    waiting.append((path, depth + 1))

    def _take(self, touch: _Touch, path: str, fact: FileFact, *, quiet: bool = False) -> None:
        if path in self.written or path == self.own:
            return
        reason = is_denied(path)
        if reason is not None:
            if not quiet:
                self._find(
                    "file-denied",
                    path,
                    touch,
                    f"{shown(path)} is never packaged: {reason}.",
                    "Give what the run needs of it as settings.",
                )
            return
        file = DataFile(path, fact.size, touch.cell)
        if fact.size <= self.context.file_limit:
            self.report.data.setdefault(path, file)
            return
        self.report.external.setdefault(path, file)
        self._find(
            "file-large",
            path,
            touch,
            f"{shown(path)} has {_bytes(fact.size)}, too much to package.",
            "It will be named as an input of each run.",
            size=fact.size,
        )

    def mentioned_files(self) -> None:
        """Take files that a plain text in the code names, however it gets to what reads them."""
        self.base = "."
        for text, cell, line in self.context.reading.texts[:_MOST_FILES]:
            if _LOOKS_LIKE_FILE.match(text) or _PERSONAL.match(text):
                self._mention(_Touch("mentions", text, cell, line, guarded=True), normal(text))

    def _find(
        self, code: str, path: str, touch: _Touch, message: str, advice: str, **details: Any
    ) -> None:
        plain = masked(_plain(path))
        self.report.findings.setdefault(
            (code if code != "file-outside" else "", path),
            Finding(
                code,
                "warning",
                message,
                cell=touch.cell,
                line=touch.line,
                advice=advice,
                details={"path": plain, **details},
            ),
        )


def _plain(path: str) -> str:
    return path.replace(HOLE, "…")


def _bytes(size: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} bytes"


def sorted_files(files: Iterable[DataFile]) -> tuple[DataFile, ...]:
    """Return files in the order of their paths."""
    return tuple(sorted(files, key=lambda file: file.path))
