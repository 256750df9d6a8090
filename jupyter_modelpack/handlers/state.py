"""Whether anything has happened to releases, over HTTP."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler


class StateHandler(Handler):
    """A text that is another one as soon as something has happened to a release."""

    _track_activity = False  # a panel that is left open is no activity

    @authenticated
    @authorized(action="read", resource="modelpack:promotions")
    async def get(self) -> None:
        """Show it."""
        self.answer({"state": await self.call(self.services.releases.state)})
