"""The history over HTTP."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers import wire
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
        limit = wire.page_size(self.get_query_argument("limit", wire.PAGE))
        before = wire.place(self.get_query_argument("before", ""))
        found = await self.call(
            lambda: self.services.releases.history(
                name, environment, at, limit=limit + 1, before=before
            )
        )
        shown, following = wire.page(found, limit, "entry")
        self.answer({"entries": shown, "next": following})
