"""The image configuration: how a container of the image is started (image-spec 1.1, config.md)."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_modelpack.errors import InvalidInput

EPOCH = "1980-01-01T00:00:00Z"
_ARCHITECTURES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
    "i686": "386",
}


def architecture_of(machine: str) -> str:
    """Return OCI's word for a machine as ``uname`` names it; raises InvalidInput when unknown."""
    try:
        return _ARCHITECTURES[machine.lower()]
    except KeyError:
        raise InvalidInput(
            f"Images for {machine} machines cannot be made.", field="architecture"
        ) from None


@dataclass(frozen=True)
class ImageConfig:
    """What is run in a container of the image, as whom, where, and with which environment."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = "65532:65532"
    working_dir: str = "/work"
    labels: Mapping[str, str] = field(default_factory=dict)
    exposed_ports: tuple[str, ...] = ()
    architecture: str = field(default_factory=lambda: architecture_of(platform.machine()))
    os: str = "linux"
    created: str = EPOCH

    def __post_init__(self) -> None:
        for name in self.env:
            if not name or "=" in name or "\0" in name:
                raise InvalidInput(f"{name!r} is not an environment variable.", field="env")

    def to_json(self, diff_ids: list[str], whats: list[str]) -> dict[str, Any]:
        """Return the configuration's JSON for an image of these layers, in order."""
        run: dict[str, Any] = {
            "User": self.user,
            "WorkingDir": self.working_dir,
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.cmd),
            "Env": [f"{name}={value}" for name, value in sorted(self.env.items())],
            "Labels": dict(self.labels),
            "ExposedPorts": {port: {} for port in self.exposed_ports},
        }
        return {
            "created": self.created,
            "architecture": self.architecture,
            "os": self.os,
            "config": {key: value for key, value in run.items() if value},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [
                {"created": self.created, "created_by": "jupyter-modelpack", "comment": what}
                for what in whats
            ],
        }
