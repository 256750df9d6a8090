"""Inspections over HTTP."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler


class InspectionHandler(Handler):
    """What stands in the way of packaging a notebook."""

    @authenticated
    @authorized(action="read", resource="modelpack:inspection")
    async def get(self) -> None:
        """Inspect one notebook; nothing of it is executed."""
        path = self.get_query_argument("path", "", strip=False)
        if not path:
            raise InvalidInput("Which notebook?", field="path", advice="Give its path.")
        place = self.paths.notebook(path)
        found = await self.call(lambda: self.services.inspect(place))
        self.answer(wire.inspection(found, path.strip("/")))
