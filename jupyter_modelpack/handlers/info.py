"""What this installation can do, over HTTP."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler


class InfoHandler(Handler):
    """The version, how runs are kept apart, and limits."""

    @authenticated
    @authorized(action="read", resource="modelpack:info")
    async def get(self) -> None:
        """Show it."""
        self.answer(await self.call(self.services.info))
