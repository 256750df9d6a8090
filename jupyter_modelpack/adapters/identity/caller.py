"""The caller: the actor behind a request, and how it was proved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from jupyter_server.auth.identity import User
from tornado.httputil import HTTPServerRequest

from jupyter_modelpack.release.actor import Actor


@dataclass(frozen=True)
class Caller:
    """Who a login says is asking.

    ``by_header`` is true when the proof is a secret that the client put into the request itself;
    a browser sends everything else by itself, also on behalf of a page of somebody else.
    """

    actor: Actor
    by_header: bool = False


class BrowserLogin(Protocol):
    """Logging in by pages: away to who knows the person, and back with a proof."""

    def begin(self, handler: Any, target: str) -> str:
        """Return where to send the browser; ``target`` is where it is to come back to."""

    async def finish(self, handler: Any) -> str:
        """Take the proof, set the cookie, and return the target.

        Raises NotPermitted, and BackendUnavailable when nobody can say who it is.
        """

    def end(self, handler: Any) -> None:
        """Forget the session and its cookie."""


class Login(Protocol):
    """One way of proving who is asking."""

    async def identify(self, handler: Any) -> Caller | None:
        """Return who is asking, or None; raises BackendUnavailable when nobody can say."""

    async def may_approve(self, actor: Actor, handler: Any) -> bool:
        """Return whether the login's own rules let this actor decide on promotions."""

    @property
    def browser(self) -> BrowserLogin | None:
        """How people log in with a browser; None where somebody else does that."""

    def directory(self, actor: Actor) -> Actor | None:
        """Return the account as it is now, None when it is gone; raises BackendUnavailable."""


class ServiceUser(User):
    """The user of a request to the release service."""

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor.username, actor.username, actor.shown)
        self.actor = actor


def changes_something(request: HTTPServerRequest) -> bool:
    """Return whether the request may change something: then nothing that was known counts."""
    return request.method not in ("GET", "HEAD")


def bearer(request: HTTPServerRequest) -> str:
    """Return the token in the Authorization header, or an empty text; URLs hold none."""
    given = request.headers.get_list("Authorization")
    kind, _, token = (given[0] if len(given) == 1 else "").partition(" ")
    token = token.strip()
    fits = kind.lower() in ("bearer", "token") and token.isascii() and token.isprintable()
    return token if fits and " " not in token else ""
