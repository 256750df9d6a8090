"""What is asked of a registry and what it answers, as values; and reading answers within limits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from jupyter_modelpack.adapters.registry.credential import Credential
from jupyter_modelpack.errors import RegistryError

MANIFEST_BYTES = 4 << 20
TOKEN_BYTES = 1 << 20
ERROR_BYTES = 64 << 10
_CODE = re.compile(r"[A-Z][A-Z_]{2,39}\Z")

Body = Callable[[], Iterable[bytes]]


@dataclass(frozen=True)
class Asked:
    """One request: ``scopes`` are what a token for it must allow, ``length`` is of the body."""

    method: str
    url: str
    scopes: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    length: int = 0


@dataclass(frozen=True)
class Answer:
    """A status, headers and a body that was read whole."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str

    def json(self, host: str) -> Any:
        """Return the body as JSON; raises RegistryError when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise RegistryError(
                f"The registry {host} did not answer with JSON.",
                advice="Check the address: it may be a web page and no registry.",
            ) from None


def read_bounded(response: httpx.Response, most: int, host: str) -> bytes:
    """Return an answer's body; raises RegistryError, reading no further, when it is too large."""
    if response.status_code >= 400:
        return _first(response, ERROR_BYTES)
    too_large = RegistryError(
        f"The registry {host} answered with more than {most} bytes where less is allowed.",
        advice="Nothing of it was used. Ask who runs the registry.",
    )
    said = response.headers.get("Content-Length", "")
    if said.isascii() and said.isdigit() and (len(said) > 18 or int(said) > most):
        raise too_large
    out = bytearray()
    for piece in response.iter_raw(64 << 10):
        out += piece
        if len(out) > most:
            raise too_large
    return bytes(out)


def _first(response: httpx.Response, most: int) -> bytes:
    out = bytearray()
    for piece in response.iter_raw(16 << 10):
        out += piece
        if len(out) >= most:
            break
    return bytes(out[:most])


def refusal(answer: Answer, host: str, doing: str, credential: Credential) -> RegistryError:
    """Return the error for an answer that is a refusal, with the registry's own reason."""
    codes, reason = _reasons(answer.body, credential)
    details: dict[str, Any] = {"status": answer.status, "codes": codes, "registry": host}
    if answer.status == 401:
        who = credential.username or "the token's owner"
        refused = f"does not let {who} {doing}"
        if credential.anonymous:
            refused = f"lets nobody {doing} without signing in"
        return RegistryError(
            f"The registry {host} {refused}{reason}.",
            advice=f"Sign in with: podman login {host} (or docker login {host}).",
            **details,
        )
    if answer.status == 403:
        return RegistryError(
            f"The registry {host} does not allow you to {doing}{reason}.",
            advice="Ask who runs the registry for the right to do that in this repository.",
            **details,
        )
    if answer.status == 404:
        return RegistryError(
            f"The registry {host} has nothing there to {doing}{reason}.",
            advice="Check the name of the repository and the tag or digest.",
            **details,
        )
    if answer.status in (408, 425, 429) or answer.status >= 500:
        return RegistryError(
            f"The registry {host} is not able to {doing} now (it says {answer.status}{reason}).",
            advice="Wait a while and try again.",
            **details,
        )
    return RegistryError(
        f"The registry {host} did not {doing} (it says {answer.status}{reason}).",
        advice="Ask who runs the registry, and show them this sentence.",
        **details,
    )


def unexpected(host: str, what: str) -> RegistryError:
    """Return the error for an answer that breaks the distribution protocol."""
    return RegistryError(
        f"The registry {host} {what}.",
        advice="Nothing of it was used. Ask who runs the registry.",
        registry=host,
    )


def _reasons(body: bytes, credential: Credential) -> tuple[list[str], str]:
    try:
        listed = json.loads(body)["errors"]
        found = [each for each in listed if isinstance(each, dict)][:3]
    except (ValueError, KeyError, TypeError, RecursionError):
        return [], ""
    codes = [str(e["code"]) for e in found if _CODE.match(str(e.get("code", "")))]
    said = next((e["message"] for e in found if isinstance(e.get("message"), str)), "")
    plain = "".join(c for c in credential.redacted(said[:2000]) if c.isprintable())
    plain = plain.strip().rstrip(".")[:160]
    return codes, f": {plain}" if plain else ""
