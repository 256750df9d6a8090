"""Who may use which route of the release service; who may decide what is the policy's to say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from jupyter_server.auth.authorizer import Authorizer
from tornado.web import RequestHandler

from jupyter_modelpack.adapters.identity.caller import Login, ServiceUser
from jupyter_modelpack.errors import NotPermitted
from jupyter_modelpack.release.actor import Actor


class Standing(IntEnum):
    """How well a login proves that a person is there, from nobody to a person who signed in."""

    NOBODY = 0
    MEMBER = 1  # a name that the login proved, also of a program or of code in a notebook
    PERSON = 2  # a person, with a login that code in a notebook cannot hold


# Everything that is not here is refused.
NEEDED: Mapping[tuple[str, str], Standing] = {
    ("read", "modelpack:info"): Standing.MEMBER,
    ("read", "modelpack:packages"): Standing.MEMBER,
    ("read", "modelpack:environments"): Standing.MEMBER,
    ("read", "modelpack:promotions"): Standing.MEMBER,
    ("read", "modelpack:policy"): Standing.MEMBER,
    ("read", "modelpack:audit"): Standing.MEMBER,
    ("read", "modelpack:pages"): Standing.MEMBER,
    ("read", "modelpack:credentials"): Standing.MEMBER,
    ("read", "modelpack:submissions"): Standing.MEMBER,
    ("write", "modelpack:submissions"): Standing.MEMBER,
    ("write", "modelpack:promotions"): Standing.MEMBER,
    ("execute", "modelpack:promotions"): Standing.PERSON,
    ("execute", "modelpack:rollbacks"): Standing.PERSON,
    # Proposing alone changes nothing: where changes need no approval, more is asked for.
    ("write", "modelpack:policy"): Standing.MEMBER,
    ("execute", "modelpack:policy"): Standing.PERSON,
}
# Saying yes or no; a login may have rules of its own for it.
DECIDING = frozenset(pair for pair, needed in NEEDED.items() if needed == Standing.PERSON)


def standing_of(actor: Actor | None) -> Standing:
    """Return the standing of an actor."""
    if actor is None or not actor.verified:
        return Standing.NOBODY
    return Standing.PERSON if actor.signed_in and actor.is_person else Standing.MEMBER


class ServiceAuthorizer(Authorizer):
    """Holds a request's standing against the table, and asks the login about decisions."""

    def __init__(self, login: Login, pages: str, **more: Any) -> None:
        super().__init__(**more)
        self._pages = pages
        self._login = login

    async def is_authorized(
        self, handler: RequestHandler, user: Any, action: str, resource: str
    ) -> bool:
        """Return whether the user may do this; raises NotPermitted, and BackendUnavailable."""
        needed = NEEDED.get((action, resource))
        if needed is None or not isinstance(user, ServiceUser):
            return False
        actor = user.actor
        if standing_of(actor) < needed:
            why = actor.why_not_counted() or "nobody is logged in"
            raise NotPermitted(
                f"This needs a person who signed in here: {why}.",
                rule="login",
                advice=f"Log in at the release service in a browser: {self._pages}",
                pages=self._pages,
            )
        if (action, resource) in DECIDING and not await self._login.may_approve(actor, handler):
            raise NotPermitted(
                f"{actor.shown} may not decide on releases, says the login.",
                rule="login",
                advice="Ask who runs the release service.",
            )
        return True
