"""Tokens: what a registry's challenge is answered with, kept until shortly before they expire.

The protocol is that of Docker's registry: a ``Bearer`` challenge names a realm, which gives out
tokens for scopes to who has a name and password, or an identity token (OAuth 2 refresh token).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from jupyter_modelpack.adapters.registry.answer import Answer, Asked, refusal, unexpected
from jupyter_modelpack.adapters.registry.challenge import Challenge, challenges, chosen
from jupyter_modelpack.adapters.registry.credential import Credential
from jupyter_modelpack.adapters.registry.credentials import basic

CLIENT = "jupyter-modelpack"
_SECONDS = 60.0
_LONGEST = 64 << 10


@dataclass(frozen=True)
class _Kept:
    header: str
    until: float


class Tokens:
    """Answers the challenges of one registry; threads share what one of them was given."""

    def __init__(
        self,
        host: str,
        credential: Callable[[], Credential],
        ask: Callable[[Asked], Answer],
        monotonic: Callable[[], float],
    ) -> None:
        self._host = host
        self._find = credential
        self._ask = ask
        self._monotonic = monotonic
        self._lock = threading.RLock()
        self._credential: Credential | None = None
        self._challenge: Challenge | None = None
        self._kept: dict[tuple[str, ...], _Kept] = {}

    @property
    def credential(self) -> Credential:
        """Who we are to the registry; looked for when it is first asked."""
        with self._lock:
            if self._credential is None:
                self._credential = self._find()
            return self._credential

    def header(self, scopes: tuple[str, ...]) -> str | None:
        """Return the ``Authorization`` for a request; before any challenge there is none."""
        with self._lock:
            if self._challenge is None:
                return None
            if self.credential.registry_token:
                return f"Bearer {self.credential.registry_token}"
            if self._challenge.scheme == "basic":
                return basic(self.credential) if self.credential.secret else None
            kept = self._kept.get(scopes)
            if kept is None or self._monotonic() >= kept.until:
                kept = self._kept[scopes] = self._fetch(self._challenge, scopes)
            return kept.header

    def challenged(
        self, values: Sequence[str], scopes: tuple[str, ...], used: str | None
    ) -> str | None:
        """Return another ``Authorization`` to try after a 401, or None when there is none."""
        challenge = chosen(challenges(values))
        if challenge is None:
            return None
        with self._lock:
            self._challenge = challenge
            kept = self._kept.get(scopes)
            if kept is not None and kept.header == used:
                del self._kept[scopes]  # it was refused, whatever its date says
            new = self.header(scopes)
        return new if new != used else None

    def _fetch(self, challenge: Challenge, scopes: tuple[str, ...]) -> _Kept:
        credential, began = self.credential, self._monotonic()
        service = challenge.parameters.get("service", "")
        wanted = scopes or tuple(challenge.parameters.get("scope", "").split())
        if credential.identity_token:
            asked = _refresh(challenge.realm, service, wanted, credential.identity_token)
        else:
            asked = _get(challenge.realm, service, wanted, credential)
        answer = self._ask(asked)
        if answer.status != 200:
            raise refusal(answer, self._host, "sign in", credential)
        token, seconds = _read(answer.json(self._host), self._host)
        margin = min(10.0, seconds / 4)
        return _Kept(f"Bearer {token}", began + seconds - margin)


def _get(realm: str, service: str, scopes: Sequence[str], credential: Credential) -> Asked:
    query = [("service", service)] if service else []
    query += [("scope", each) for each in scopes]
    if credential.secret:
        query.append(("account", credential.username))
    separator = "&" if "?" in realm else "?"
    headers = {"Authorization": basic(credential)} if credential.secret else {}
    return Asked("GET", f"{realm}{separator}{urlencode(query)}", headers=headers)


def _refresh(realm: str, service: str, scopes: Sequence[str], identity: str) -> Asked:
    form = urlencode(
        {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": CLIENT,
            "scope": " ".join(scopes),
            "refresh_token": identity,
        }
    ).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Asked("POST", realm, headers=headers, body=lambda: (form,), length=len(form))


def _read(said: Any, host: str) -> tuple[str, float]:
    said = said if isinstance(said, dict) else {}
    token = said.get("token") or said.get("access_token")
    if not isinstance(token, str) or not 0 < len(token) <= _LONGEST or not _clean(token):
        raise unexpected(host, "was asked for a token and gave none")
    seconds = said.get("expires_in")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0:
        seconds = _SECONDS
    return token, min(float(seconds), 86400.0)


def _clean(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token
