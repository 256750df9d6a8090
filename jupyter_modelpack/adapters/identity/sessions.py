"""Sessions of browsers: the cookie holds a number; what it stands for never leaves the service."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

COOKIE = "modelpack-session"
_MOST = 10_000


class Sessions:
    """Which token each session stands for, in memory: a restart asks people to log in again."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._open: dict[str, tuple[float, str]] = {}

    def begin(self, handler: Any, token: str, *, secure: bool) -> None:
        """Open a session and set its cookie; one that the browser had before is ended."""
        self.end(handler)
        now = self._clock()
        self._open = {k: v for k, v in self._open.items() if v[0] > now}
        while len(self._open) >= _MOST:
            del self._open[min(self._open, key=lambda ident: self._open[ident][0])]
        ident = secrets.token_urlsafe(32)
        self._open[ident] = (now + self._seconds, token)
        handler.set_signed_cookie(
            COOKIE,
            ident,
            expires_days=None,
            path=handler.base_url,
            httponly=True,
            secure=secure,
            samesite="Lax",
        )

    def token(self, handler: Any) -> str:
        """Return the token of the browser's session, or an empty text."""
        until, token = self._open.get(self._ident(handler), (0.0, ""))
        return token if until > self._clock() else ""

    def end(self, handler: Any) -> None:
        """Close the browser's session, if it has one, and take its cookie back."""
        if self._open.pop(self._ident(handler), None) is not None:
            handler.clear_cookie(COOKIE, path=handler.base_url)

    def _ident(self, handler: Any) -> str:
        # A page on another port of this host can set a cookie of this name beside ours; browsers
        # send the one with the longer path first (RFC 6265, 5.4), and only ours is signed.
        for header in handler.request.headers.get_list("Cookie"):
            for part in header.split(";"):
                name, _, value = part.strip().partition("=")
                given = name == COOKIE and handler.get_signed_cookie(
                    COOKIE, value.strip('"'), max_age_days=self._seconds / 86400
                )
                if given:
                    return str(given.decode("ascii", "replace"))
        return ""
