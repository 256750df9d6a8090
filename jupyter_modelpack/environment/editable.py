"""Editable installs: where the sources of a distribution really are."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from jupyter_modelpack.environment.facts import normalised
from jupyter_modelpack.environment.host import Host

_NOT_CODE = frozenset({"tests", "test", "docs", "doc", "examples", "setup", "conftest", "build"})


def editable_sources(
    base: str, name: str, top_level: Sequence[str], paths: Iterable[str], host: Host
) -> Mapping[str, str]:
    """Return the paths of an editable distribution's packages and modules by dotted name.

    Read are the files that the build backends leave in site-packages: ``.pth`` files that name a
    directory, and setuptools' finder modules that hold a literal mapping. Nothing is executed.
    """
    found: dict[str, str] = {}
    for path in paths:
        if path.endswith(".pth"):
            for directory in pth_directories(host.read(f"{base}/{path}") or b"", base):
                found.update(_importable(directory, name, top_level, host))
        elif path.startswith("__editable__") and path.endswith("_finder.py"):
            found.update(_finder_mapping(host.read(f"{base}/{path}") or b"", host))
    if not found and not base.endswith(("site-packages", "dist-packages")):
        found.update(_importable(base, name, top_level, host))
    return dict(sorted(found.items()))


def pth_directories(text: bytes, base: str) -> Iterator[str]:
    """Yield the directories that a ``.pth`` file adds to the path."""
    for line in text.decode("utf-8", "replace").splitlines():
        line = line.strip()
        if line and not line.startswith(("#", "import ", "import\t")):
            yield line if line.startswith("/") else f"{base}/{line}"


def _importable(
    directory: str, name: str, top_level: Sequence[str], host: Host
) -> Iterator[tuple[str, str]]:
    """Yield a source directory's modules: those declared, else those of its name, else all."""
    available = {}
    for entry in host.list(directory):
        path = f"{directory}/{entry.name}"
        if not entry.is_directory:
            if entry.name.endswith((".py", ".so")):
                available[entry.name.partition(".")[0]] = path
        elif entry.name.isidentifier() and entry.name != "__pycache__":
            available[entry.name] = path
    stem = normalised(name).replace("-", "_")
    chosen = [module for module in top_level if module in available]
    chosen = chosen or [module for module in available if module.lower() == stem]
    if not chosen:
        chosen = [
            module
            for module, path in available.items()
            if module not in _NOT_CODE
            and (path.endswith(".py") or host.file(f"{path}/__init__.py") is not None)
        ]
    for module in chosen:
        yield module, available[module]


def _finder_mapping(text: bytes, host: Host) -> Iterator[tuple[str, str]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in tree.body:
        target: ast.expr | None = None
        if isinstance(node, ast.Assign):
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign):
            target = node.target
        else:
            continue
        if not isinstance(target, ast.Name) or target.id != "MAPPING" or node.value is None:
            continue
        try:
            mapping = ast.literal_eval(node.value)
        except ValueError:
            continue
        for root, path in mapping.items():
            yield root, f"{path}.py" if host.file(f"{path}.py") else path
