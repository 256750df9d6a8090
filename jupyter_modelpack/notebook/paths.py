"""Paths as notebooks write them: inside the notebook's folder, outside of it, or on a network."""

from __future__ import annotations

import posixpath
import re

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{1,20}://")
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\]")
_SCRATCH = ("/tmp", "/var/tmp", "/dev", "/proc", "/sys", "/work")


def is_text(path: str) -> bool:
    """Tell whether a path is text in UTF-8, which is all that a record or an image can hold."""
    return not any("\ud800" <= sign <= "\udfff" for sign in path)


def is_url(text: str) -> bool:
    """Tell whether a text is an address on a network rather than a file."""
    return bool(_URL.match(text)) and not text.startswith("file://")


def host(text: str) -> str:
    """Return the host that a URL names, or ``""``."""
    found = re.match(r"(?:https?|ftp)://(?:[^/@\s]*@)?([A-Za-z0-9.-]{1,253})", text)
    return found.group(1).rstrip(".") if found else ""


def is_absolute(text: str) -> bool:
    """Tell whether a path starts at a root, a drive or somebody's home."""
    return text.startswith(("/", "~", "file://")) or bool(_WINDOWS.match(text))


def is_scratch(text: str) -> bool:
    """Tell whether a path is one that every Linux machine and our images have."""
    path = posixpath.normpath(text)
    return any(path == root or path.startswith(root + "/") for root in _SCRATCH)


def normal(text: str, base: str = ".") -> str | None:
    """Return a path relative to the notebook's folder, or None when it leads out of it."""
    if not text or is_url(text) or is_absolute(text) or "\n" in text:
        return None
    path = posixpath.normpath(posixpath.join(base, text))
    if path == ".." or path.startswith("../"):
        return None
    return path
