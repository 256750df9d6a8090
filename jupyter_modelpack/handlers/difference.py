"""The difference between two releases over HTTP."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler


class DifferenceHandler(Handler):
    """What differs between two releases."""

    @authenticated
    @authorized(action="read", resource="modelpack:packages")
    async def get(self) -> None:
        """Show it; each is named as name, name:version or sha256:..."""
        before, after = self.get_query_argument("before"), self.get_query_argument("after")
        self.answer(await self.call(lambda: self.services.releases.compare(before, after)))
