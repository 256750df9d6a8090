"""Environments over HTTP."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler

RESOURCE = "modelpack:environments"


class EnvironmentsHandler(Handler):
    """What the environments hold of a package."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Show them, with what may be promoted and rolled back, and why not."""
        name = self.get_query_argument("name")
        path = self.get_query_argument("path", "", strip=False)
        place = self.paths.notebook(path) if path else None
        actor = self.actor(self.current_user)
        self.answer(await self.call(lambda: self.services.releases.show(name, actor, place)))
