"""Credentials: who we are to a registry, found in the places where people keep that."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from jupyter_modelpack.adapters.registry.access import Access
from jupyter_modelpack.adapters.registry.auth_file import AuthFile, read_auth_file
from jupyter_modelpack.adapters.registry.credential import ANONYMOUS, Credential
from jupyter_modelpack.adapters.registry.credential_program import CredentialProgram

__all__ = ["ANONYMOUS", "Chain", "Credential"]


class Programs(Protocol):
    """Credential programs, such as those of a desktop's key ring."""

    def get(self, helper: str, host: str) -> Credential | None:
        """Return what a program knows about a host, or None."""


@dataclass(frozen=True)
class Chain:
    """Looks in the settings, then in the configured file, then where Docker and podman look."""

    access: Access
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    home: Callable[[], Path] = Path.home
    programs: Programs = field(default_factory=CredentialProgram)

    def find(self, host: str, path: str) -> Credential:
        """Return the credential for a repository, or the anonymous one."""
        if self.access.username:
            return Credential(self.access.username, self.access.password())
        if self.access.auth_file:
            file = read_auth_file(Path(self.access.auth_file).expanduser(), needed=True)
            return self._in(file, host, path) or ANONYMOUS
        for place in self._places():
            found = self._in(read_auth_file(place), host, path)
            if found is not None:
                return found
        return ANONYMOUS

    def _in(self, file: AuthFile, host: str, path: str) -> Credential | None:
        helper = file.helper(host)
        if helper:
            found = self.programs.get(helper, file.server(host))
            if found is not None:
                return found
        return file.credential(host, path)

    def _places(self) -> Iterable[Path]:
        said = self.environment
        if said.get("REGISTRY_AUTH_FILE"):
            yield Path(said["REGISTRY_AUTH_FILE"])
        if said.get("DOCKER_CONFIG"):
            yield Path(said["DOCKER_CONFIG"]) / "config.json"
        else:
            yield self.home() / ".docker" / "config.json"
        if said.get("XDG_RUNTIME_DIR"):
            yield Path(said["XDG_RUNTIME_DIR"]) / "containers" / "auth.json"
        yield self.home() / ".config" / "containers" / "auth.json"


def basic(credential: Credential) -> str:
    """Return the value of an ``Authorization`` header with username and password."""
    pair = f"{credential.username}:{credential.secret}".encode()
    return "Basic " + base64.b64encode(pair).decode()
