"""The roots of a distribution: the dotted names of its topmost packages and modules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_MODULE_ENDINGS = (".py", ".so", ".pyc", ".pyd")


def module_name(path: str) -> str | None:
    """Return the name under which the last part of ``path`` is imported, or None."""
    name = path.rpartition("/")[2]
    stem = name.partition(".")[0]
    return stem if name.endswith(_MODULE_ENDINGS) and stem.isidentifier() else None


def roots_of(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the dotted names of the topmost regular packages and modules among ``paths``."""
    packages = {path[:-12] for path in paths if path.endswith("/__init__.py")}
    regular = {package for package in packages if "/" not in package and package.isidentifier()}
    roots = set(regular)
    for path in paths:
        top, slash, _ = path.partition("/")
        if top in regular or top == "__pycache__":
            continue
        if not slash:
            roots.add(module_name(path) or "")
        elif top.isidentifier() and path.endswith(_MODULE_ENDINGS):
            roots.add(_namespace_root(path, packages))
    roots.discard("")
    return tuple(sorted(roots))


def _namespace_root(path: str, packages: set[str]) -> str:
    parts = path.split("/")
    if "__pycache__" in parts:
        return ""
    for length in range(2, len(parts)):
        if not parts[length - 1].isidentifier():
            return ""
        if "/".join(parts[:length]) in packages:
            return ".".join(parts[:length])
    name = module_name(path)
    return ".".join([*parts[:-1], name]) if name else ""


def deeper_roots(shared: Iterable[str], paths: Sequence[str]) -> tuple[str, ...]:
    """Return the names two levels below packages that several distributions share."""
    found = set()
    tops = {root.partition(".")[0] for root in shared}
    for path in paths:
        parts = path.split("/")
        if len(parts) < 2 or parts[0] not in tops or not path.endswith(_MODULE_ENDINGS):
            continue
        parts[-1] = parts[-1].partition(".")[0]
        if parts[-1] == "__init__":
            parts.pop()
        for length in (2, 3):
            if len(parts) >= length and all(part.isidentifier() for part in parts[:length]):
                found.add(".".join(parts[:length]))
    return tuple(sorted(found))
