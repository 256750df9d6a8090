"""Joining unpacked layers into one root: hard links, places to mount on, and clearing away."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

_POINTS = ("app", "dev", "opt/modelpack", "proc", "tmp", "work")
_POINT_FILES = ("etc/hosts", "etc/resolv.conf")


def link_tree(source: str, target: str) -> None:
    """Lay ``source`` over ``target``: files become hard links that nobody may write."""
    with os.scandir(source) as entries:
        for entry in entries:
            there = f"{target}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if not os.path.isdir(there) or os.path.islink(there):
                    _clear(there)
                    os.mkdir(there, 0o700)
                    os.chmod(there, entry.stat(follow_symlinks=False).st_mode & 0o7777)
                link_tree(entry.path, there)
                continue
            if not entry.is_symlink():
                mode = entry.stat(follow_symlinks=False).st_mode
                if mode & 0o222:
                    os.chmod(entry.path, mode & 0o555)
            try:
                os.link(entry.path, there, follow_symlinks=False)
            except OSError:
                # a lower layer has it, or this file system makes no (more) links
                _clear(there)
                shutil.copy2(entry.path, there, follow_symlinks=False)


def _clear(path: str) -> None:
    if os.path.lexists(path):
        remove(Path(path))


def add_points(folder: Path) -> None:
    """Make the directories and files that something is mounted on when the image runs."""
    for name in (*_POINTS, *_POINT_FILES):
        place = folder
        for part in Path(name).parent.parts:
            place = place / part
            if place.is_symlink():
                break  # the image's own affair, and never followed
            place.mkdir(exist_ok=True)
        else:
            point = folder / name
            if os.path.lexists(point):
                continue
            if name in _POINTS:
                point.mkdir()
            else:
                point.touch()


def remove(folder: Path) -> None:
    """Remove a directory tree, also one with directories that its owner may not write."""
    if not folder.is_dir() or folder.is_symlink():
        folder.unlink(missing_ok=True)
        return
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        for place, _, _ in os.walk(folder):
            with suppress(OSError):
                Path(place).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)
