"""Files with credentials: Docker's ``config.json`` and Kubernetes' pull secrets."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.registry.credential import Credential
from jupyter_modelpack.errors import InvalidInput

_LARGEST = 4 << 20
_HUB = "index.docker.io"
_HUB_SERVER = "https://index.docker.io/v1/"
# What credential programs return in place of a name when the secret is an identity token.
TOKEN_USER = "<token>"


@dataclass(frozen=True)
class AuthFile:
    """What one file says: credentials by host or repository, and the programs to ask."""

    auths: Mapping[str, Any] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str = ""

    def helper(self, host: str) -> str:
        """Return the program to ask about a host, or nothing."""
        return self.helpers.get(host) or self.helpers.get(self.server(host)) or self.store

    @staticmethod
    def server(host: str) -> str:
        """Return the name under which programs know a host."""
        return _HUB_SERVER if host == _HUB else host

    def credential(self, host: str, path: str) -> Credential | None:
        """Return what is kept for the repository, the longest match first, or None."""
        best: tuple[int, Any] = (-1, None)
        for key, entry in self.auths.items():
            length = _match(key, host, path)
            if length > best[0]:
                best = (length, entry)
        return _credential(best[1]) if best[0] >= 0 else None


def read_auth_file(path: Path, *, needed: bool = False) -> AuthFile:
    """Read a ``config.json``, a ``.dockerconfigjson``, or a Secret as JSON that holds one.

    A file that is not there says nothing, unless it is ``needed``; one that cannot be read or
    understood raises InvalidInput, which never repeats what is in it.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        if needed:
            raise _bad(path, "is not there") from None
        return AuthFile()
    except OSError as error:
        raise _bad(path, f"cannot be read ({error.strerror})") from error
    if len(data) > _LARGEST:
        raise _bad(path, "is far too large")
    try:
        value = _unwrapped(json.loads(data or b"{}"))
    except (ValueError, RecursionError):
        raise _bad(path, "is not a file with credentials in JSON") from None
    if not isinstance(value, dict):
        raise _bad(path, "is not a file with credentials in JSON")
    store = value.get("credsStore")
    return AuthFile(
        _mapping(value.get("auths")),
        {k: v for k, v in _mapping(value.get("credHelpers")).items() if isinstance(v, str)},
        store if isinstance(store, str) else "",
    )


def _unwrapped(value: Any) -> Any:
    """Return the configuration inside a Kubernetes Secret, or what was given."""
    if not isinstance(value, dict):
        return value
    for place in ("data", "stringData"):
        inner = _mapping(value.get(place)).get(".dockerconfigjson")
        if isinstance(inner, str):
            return json.loads(base64.b64decode(inner) if place == "data" else inner)
    old = value and all(isinstance(each, dict) and "auth" in each for each in value.values())
    return {"auths": value} if old else value  # ``.dockercfg`` has no "auths" around it


def _match(key: str, host: str, path: str) -> int:
    bare = key.partition("://")[2] or key
    name, _, prefix = bare.partition("/")
    prefix = prefix.strip("/")
    if prefix in ("v1", "v2"):
        prefix = ""
    if name == "docker.io" and host == _HUB:
        name = host
    if not _same_host(name.lower(), host.lower()):
        return -1
    if prefix and prefix != path and not path.startswith(prefix + "/"):
        return -1
    return len(prefix)


def _same_host(pattern: str, host: str) -> bool:
    """Compare label by label, as Kubernetes does: ``*`` never spans a dot."""
    if "*" not in pattern and "?" not in pattern:
        return pattern == host
    ours, theirs = host.split("."), pattern.split(".")
    return len(ours) == len(theirs) and all(map(fnmatch.fnmatchcase, ours, theirs))


def _credential(entry: Any) -> Credential | None:
    said = _mapping(entry)
    username, password = _text(said, "username"), _text(said, "password")
    if _text(said, "auth"):
        try:
            pair = base64.b64decode(_text(said, "auth"), validate=False).decode("utf-8")
        except (ValueError, binascii.Error):
            pair = ""
        first, colon, rest = pair.partition(":")
        if colon:
            username, password = first, rest.rstrip("\0")
    identity, ready = _text(said, "identitytoken"), _text(said, "registrytoken")
    if username == TOKEN_USER and password and not identity:
        identity, password = password, ""
    found = Credential(username, password, identity, ready)
    return None if found.anonymous else found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _bad(path: Path, why: str) -> InvalidInput:
    return InvalidInput(
        f"The file with credentials {path} {why}.",
        field="registry_auth_file",
        advice="It should look like the config.json that `docker login` or `podman login` writes.",
    )
