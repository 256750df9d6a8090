"""Schedules of releases over HTTP."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler

RESOURCE = "modelpack:runs"
FIELDS = ("name", "version", "parameters", "schedule")


class SchedulesHandler(Handler):
    """All schedules, or those of one package."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """List them."""
        name = self.get_query_argument("name", "")
        found = await self.call(lambda: self.services.schedules.list(name))
        self.answer({"schedules": [each.to_json() for each in found]})

    @authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self) -> None:
        """Give a release a schedule."""
        from jupyter_modelpack.pipeline.schedule import Schedule
        from jupyter_modelpack.services.scheduled import ScheduleRequest

        body = wire.Body(self.request.body, FIELDS)
        request = ScheduleRequest(
            name=body.text("name"),
            version=body.text("version"),
            schedule=Schedule.parse(body.mapping("schedule")),
            parameters=body.mapping("parameters"),
            requested_by=self.current_user.username,
        )
        made = await self.call(lambda: self.services.schedules.start(request))
        self.answer(made.to_json(), 201, f"schedules/{made.id}")


class ScheduleHandler(Handler):
    """One schedule."""

    @authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self, ident: str) -> None:
        """Pause it, or let it run again."""
        enabled = wire.Body(self.request.body, ("enabled",)).flag("enabled")
        found = await self.call(lambda: self.services.schedules.enable(ident, enabled))
        self.answer(found.to_json())

    @authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def delete(self, ident: str) -> None:
        """Remove it."""
        await self.call(lambda: self.services.schedules.remove(ident))
        self.set_status(204)
        self.finish()
