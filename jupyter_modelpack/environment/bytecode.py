"""Which files of a tree get bytecode, and under which names (PEP 3147, PEP 552)."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Protocol

from jupyter_modelpack.oci.tree import File, Tree

_ROOT = "opt/python/lib/"
_NEVER_IMPORTED = frozenset({"lib2to3", "test", "tests"})


class Interpreter(Protocol):
    """The Python that will import the files: an interpreter of this version on this machine."""

    @property
    def executable(self) -> str:
        """The path that starts it."""

    @property
    def python_version(self) -> str:
        """The full version, such as ``"3.11.7"``."""

    @property
    def implementation(self) -> str:
        """The implementation's name, such as ``"cpython"``."""

    @property
    def cache_tag(self) -> str:
        """The tag in the names of its bytecode files, such as ``"cpython-311"``."""


@dataclass(frozen=True)
class Job:
    """One source to compile: the entry, and the path of its bytecode in the image."""

    source: File
    target: str


def bytecode_jobs(tree: Tree, interpreter: Interpreter) -> tuple[Job, ...]:
    """Return the jobs for the modules of a tree that a program may import, sorted by path.

    There are none for other implementations than CPython.
    """
    if interpreter.implementation != "cpython" or not interpreter.cache_tag:
        return ()
    taken = {entry.path for entry in tree.entries}
    jobs = []
    for entry in tree.entries:
        if not isinstance(entry, File) or not _is_module(entry.path):
            continue
        directory, name = posixpath.split(entry.path)
        target = f"{directory}/__pycache__/{name[:-3]}.{interpreter.cache_tag}.pyc"
        if target not in taken:
            jobs.append(Job(entry, target))
    return tuple(sorted(jobs, key=lambda job: job.source.path))


def _is_module(path: str) -> bool:
    return (
        path.startswith(_ROOT)
        and path.endswith(".py")
        and _NEVER_IMPORTED.isdisjoint(path.split("/")[:-1])
    )
