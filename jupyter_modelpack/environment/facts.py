"""The facts: what a kernel's interpreter is, and which modules and distributions it has."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

from jupyter_modelpack.errors import InvalidInput

# Modules that another distribution's import hook provides when the standard library does not.
_STAND_INS = {"distutils": "setuptools"}


def normalised(name: str) -> str:
    """Return a distribution's name as packaging compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class Distribution:
    """An installed distribution, as its metadata and the list of its files describe it.

    ``base`` is the directory that its files' paths start from, ``metadata`` the name of its
    ``.dist-info`` or ``.egg-info`` there. ``roots`` are the dotted names of its topmost packages
    and modules. ``sources`` maps roots to paths when it is installed in editable mode.
    """

    name: str
    version: str
    base: str
    metadata: str
    roots: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    origin: str = "index"
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)

    @cached_property
    def key(self) -> str:
        """The normalised name."""
        return normalised(self.name)

    @property
    def editable(self) -> bool:
        """Whether its code lives in a project folder instead of the environment."""
        return self.origin == "editable"


@dataclass(frozen=True)
class Facts:
    """What the probe found out about one interpreter; paths are those of the kernel's machine.

    ``modules`` maps the top-level names on ``sys.path`` outside the standard library to their
    paths, ``namespaces`` are those of them that are directories without ``__init__``.
    """

    python_version: str
    implementation: str
    cache_tag: str
    magic: str
    abiflags: str
    extension_suffixes: tuple[str, ...]
    platform: str
    machine: str
    libc: str
    executable: str
    program: str
    libpython: str | None
    prefix: str
    base_prefix: str
    stdlib: str
    platlibdir: str
    sys_path: tuple[str, ...]
    site_directories: tuple[str, ...]
    builtin_modules: frozenset[str]
    markers: Mapping[str, str]
    stdlib_modules: frozenset[str] = frozenset()
    modules: Mapping[str, str] = field(default_factory=dict)
    namespaces: frozenset[str] = frozenset()
    distributions: tuple[Distribution, ...] = ()
    language: str = "python"

    @property
    def version(self) -> str:
        """The version's first two parts, such as ``3.11``."""
        return ".".join(self.python_version.split(".")[:2])

    @property
    def library(self) -> str:
        """The name of the standard library's directory, such as ``python3.11``."""
        return f"python{self.version}" + ("t" if "t" in self.abiflags else "")

    @property
    def image_python(self) -> str:
        """The interpreter's path in the image."""
        return f"opt/python/bin/{self.library}"

    @property
    def image_stdlib(self) -> str:
        """The standard library's path in the image."""
        return f"opt/python/lib/{self.library}"

    @property
    def image_site_packages(self) -> str:
        """The path in the image that every distribution goes to."""
        return f"opt/python/lib/{self.library}/site-packages"

    @cached_property
    def by_key(self) -> Mapping[str, Distribution]:
        """The distributions by normalised name."""
        return {distribution.key: distribution for distribution in self.distributions}

    @cached_property
    def by_root(self) -> Mapping[str, tuple[Distribution, ...]]:
        """The distributions that provide each topmost package or module."""
        found: dict[str, list[Distribution]] = {}
        for distribution in self.distributions:
            for root in distribution.roots:
                found.setdefault(root, []).append(distribution)
        return {root: tuple(providers) for root, providers in found.items()}

    def is_standard(self, module: str) -> bool:
        """Say whether a module is built in or in the standard library."""
        top = module.partition(".")[0]
        return top in self.builtin_modules or top in self.stdlib_modules or top == "__main__"

    def providers(self, module: str) -> tuple[Distribution, ...]:
        """Return the distributions that a dotted module name is imported from.

        The longest root that the name starts with decides. For a namespace, all distributions
        that have a part of it are meant.
        """
        parts = module.split(".")
        for length in range(len(parts), 0, -1):
            found = self.by_root.get(".".join(parts[:length]))
            if found:
                return found
        below = module + "."
        inside = [d for root, ds in self.by_root.items() if root.startswith(below) for d in ds]
        if not inside and parts[0] in _STAND_INS:
            stand_in = self.by_key.get(_STAND_INS[parts[0]])
            inside = [stand_in] if stand_in else []
        return tuple(dict.fromkeys(inside))

    def missing(self, module: str) -> bool:
        """Say whether importing ``module`` would fail in this kernel, as far as names tell."""
        top = module.partition(".")[0]
        if self.is_standard(top) or self.providers(module):
            return False
        if top not in self.modules:
            return True
        return top in self.namespaces and top != module and self._known_namespace(top)

    def _known_namespace(self, top: str) -> bool:
        """Say whether distributions describe the namespace, so that what they lack is missing."""
        return any(root.startswith(top + ".") for root in self.by_root)

    def require_capture(self) -> None:
        """Raise InvalidInput when this interpreter cannot be captured into a Linux image."""
        if self.platform != "linux":
            system = {"darwin": "macOS", "win32": "Windows"}.get(self.platform, self.platform)
            raise InvalidInput(
                f"The notebook's Python runs on {system}, and an image needs files for Linux.",
                field="source",
                advice="Package with --source base, which installs the same versions for Linux.",
            )
        if self.implementation != "cpython":
            raise InvalidInput(
                f"The notebook's kernel runs on {self.implementation}, which cannot be captured.",
                field="kernel",
                advice="Choose a kernel that runs on CPython, the usual Python.",
            )

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that ``from_json`` reads back."""
        out = {item.name: getattr(self, item.name) for item in fields(self)}
        for name in ("builtin_modules", "stdlib_modules", "namespaces"):
            out[name] = sorted(out[name])
        out["distributions"] = [asdict(distribution) for distribution in self.distributions]
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Facts:
        """Read the probe's answer or what ``to_json`` wrote; unknown keys raise TypeError."""
        values = dict(data)
        for name in ("builtin_modules", "stdlib_modules", "namespaces"):
            values[name] = frozenset(values.get(name, ()))
        for name in ("extension_suffixes", "sys_path", "site_directories"):
            values[name] = tuple(values[name])
        values["distributions"] = tuple(
            Distribution(
                **{**item, "roots": tuple(item["roots"]), "requires": tuple(item["requires"])}
            )
            for item in values.get("distributions", ())
        )
        return cls(**values)


def inside(path: str, directory: str) -> bool:
    """Say whether ``path`` is ``directory`` or below it, by spelling."""
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)
