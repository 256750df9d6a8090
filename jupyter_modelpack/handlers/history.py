"""The history over HTTP."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler

RESOURCE = "modelpack:environments"


class HistoryHandler(Handler):
    """What the environments held, when, and why."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """List it, newest first, or what held at one time."""
        name = self.get_query_argument("name", "")
        environment = self.get_query_argument("environment", "")
        at = self.get_query_argument("at", "")
        found = await self.call(lambda: self.services.releases.history(name, environment, at))
        self.answer({"entries": found})
