"""The identity provider of the release service: jupyter_server's interface around one login."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.identity import IdentityProvider, User
from tornado.web import RequestHandler

from jupyter_modelpack.adapters.identity.caller import Login, ServiceUser
from jupyter_modelpack.adapters.identity.membership import Membership


class ServiceIdentity(IdentityProvider):
    """Asks the login for every request; there is no token, no password and nobody anonymous."""

    def __init__(self, login: Login, membership: Membership, **more: Any) -> None:
        super().__init__(**more)
        self.token = ""
        self.login = login
        self._membership = membership

    async def get_user(self, handler: RequestHandler) -> User | None:
        """Return who is asking, or None; raises BackendUnavailable."""
        if getattr(handler, "_jupyter_current_user", None):
            known: User = handler._jupyter_current_user  # type: ignore[attr-defined]
            return known
        caller = await self.login.identify(handler)
        if caller is None:
            return None
        handler._token_authenticated = caller.by_header  # type: ignore[attr-defined]
        self._membership.saw(caller.actor)
        return ServiceUser(caller.actor)

    def get_handlers(self) -> list[tuple[str, object]]:
        """Return none: the login's own pages are routed by the service."""
        return []

    @property
    def login_available(self) -> bool:
        """Whether there is a page to log in at."""
        return self.login.browser is not None

    @property
    def logout_available(self) -> bool:
        """Whether there is a page to log out at."""
        return self.login_available
