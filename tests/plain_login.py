"""A login for tests: the token is the name, and one with ! behind it has signed in."""

from __future__ import annotations

from typing import Any

from traitlets.config import LoggingConfigurable

from jupyter_modelpack.adapters.identity.caller import Caller, bearer
from jupyter_modelpack.release.actor import Actor

GROUPS = {"rita": frozenset({"reviewers"}), "omar": frozenset({"reviewers"})}


def actor(name: str, *, signed_in: bool = False) -> Actor:
    groups = GROUPS.get(name, frozenset({"data-science"}))
    return Actor("plain", name, verified=True, groups=groups, signed_in=signed_in)


class PlainLogin(LoggingConfigurable):
    """Believes everything."""

    browser = None

    def check(self, address: Any) -> None:
        return None

    async def identify(self, handler: Any) -> Caller | None:
        token = bearer(handler.request)
        name = token.removesuffix("!")
        return Caller(actor(name, signed_in=token != name), by_header=True) if name else None

    async def may_approve(self, actor: Actor, handler: Any) -> bool:
        return True

    def directory(self, known: Actor) -> Actor:
        return actor(known.username, signed_in=known.signed_in)
