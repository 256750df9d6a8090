"""The audit log over HTTP, for those who keep checkpoints of it."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler

MOST = 500


class AuditHandler(Handler):
    """The audit log."""

    @authenticated
    @authorized(action="read", resource="modelpack:audit")
    async def get(self) -> None:
        """Show the entries after a number, or none after ``latest``, and the checkpoint."""
        asked = self.get_query_argument("after", "latest")
        after = None if asked == "latest" else wire.offset(asked)
        self.answer(await self.call(lambda: self.services.releases.entries(after, MOST)))
