"""The commit that a notebook's folder is at, read from git's own files, without git."""

from __future__ import annotations

import re
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_REF = re.compile(r"refs/[A-Za-z0-9._/@+-]{1,240}\Z")
_LARGEST = 16 << 20


def commit_of(path: Path | str) -> str | None:
    """Return the commit of HEAD where the file lies, or None outside a repository.

    It says nothing about changes that are not committed, and executes nothing
    (gitrepository-layout).
    """
    for folder in Path(path).absolute().parents:
        git = folder / ".git"
        if git.is_dir():
            return _head(git, git)
        if git.is_file():  # a worktree or a submodule names its folder
            named = _read(git).removeprefix("gitdir:").strip()
            place = (folder / named).resolve() if named else git
            common = _read(place / "commondir").strip()
            return _head(place, (place / common).resolve() if common else place)
    return None


def _head(place: Path, common: Path) -> str | None:
    head = _read(place / "HEAD").strip()
    if not head.startswith("ref:"):
        return head if _COMMIT.match(head) else None
    ref = head[4:].strip()
    if not _REF.match(ref) or ".." in ref:
        return None
    loose = _read(common / ref).strip()
    if _COMMIT.match(loose):
        return loose
    for line in _read(common / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if name == ref and _COMMIT.match(commit):
            return commit
    return None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
