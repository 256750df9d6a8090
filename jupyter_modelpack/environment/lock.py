"""The lock: exactly which Python and which distributions are in an image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.environment.capture import Captured
from jupyter_modelpack.environment.facts import Facts, normalised
from jupyter_modelpack.oci.digest import Digest


@dataclass(frozen=True)
class Locked:
    """A distribution: name, version, where it came from and the digest of its files."""

    name: str
    version: str
    origin: str
    digest: Digest


@dataclass(frozen=True)
class Lock:
    """The Python, the platform and the distributions of an image, in the order of their names."""

    python: str
    implementation: str
    platform: str
    distributions: tuple[Locked, ...]

    @classmethod
    def of(cls, facts: Facts, captured: Sequence[Captured]) -> Lock:
        """Return the lock of what was captured from a kernel's environment."""
        libc = facts.libc.replace(" ", "-")
        platform = "-".join(part for part in (facts.platform, facts.machine, libc) if part)
        locked = [
            Locked(item.name, item.version, item.origin, Digest("sha256:" + item.digest))
            for item in captured
        ]
        locked.sort(key=lambda item: normalised(item.name))
        return cls(facts.python_version, facts.implementation, platform, tuple(locked))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "schema": 1,
            "python": self.python,
            "implementation": self.implementation,
            "platform": self.platform,
            "distributions": [
                {
                    "name": item.name,
                    "version": item.version,
                    "origin": item.origin,
                    "digest": str(item.digest),
                }
                for item in self.distributions
            ],
        }

    def to_bytes(self) -> bytes:
        """Return the canonical JSON text: sorted keys, no spaces, one line."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode() + b"\n"

    @property
    def digest(self) -> Digest:
        """The digest of the canonical text."""
        return Digest.of(self.to_bytes())

    def requirements(self) -> str:
        """Return a requirements file; what no index offers is there as a comment."""
        lines = [f"# Python {self.python} on {self.platform}"]
        for item in self.distributions:
            if item.origin == "index":
                lines.append(f"{item.name}=={item.version}")
            else:
                came = {"editable": "a project folder", "url": "a file or repository"}
                lines.append(
                    f"# {item.name} {item.version}".rstrip()
                    + f" came from {came.get(item.origin, 'a folder on the path')}"
                )
        return "\n".join(lines) + "\n"
