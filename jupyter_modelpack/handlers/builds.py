"""Builds over HTTP."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler

RESOURCE = "modelpack:builds"
FIELDS = ("path", "name", "verify", "network", "compression", "line", "settings")


class BuildsHandler(Handler):
    """All builds, or those of one notebook."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """List builds, newest first."""
        path = self.get_query_argument("path", "", strip=False)
        place = self.paths.notebook(path) if path else ""
        found = await self.call(lambda: self.services.builds.list(place))
        self.answer({"builds": [wire.build(work) for work in found]})

    @authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self) -> None:
        """Ask for a build."""
        from jupyter_modelpack.services.builds import BuildOrder

        body = wire.Body(self.request.body, FIELDS)
        path = body.text("path")
        order = BuildOrder(
            path=self.paths.notebook(path),
            shown_path=path.strip("/"),
            name=body.optional_text("name"),
            verify=body.flag("verify", True),
            network=body.flag("network", False),
            compression=body.choice("compression", wire.COMPRESSIONS, "none"),
            live_modules=await self.live_modules(path.strip("/")),
            requested_by=self.current_user.username,
            line=body.free_text("line"),
            settings=tuple(body.names("settings")),
        )
        work = await self.call(lambda: self.services.builds.start(order))
        self.answer(wire.build(work), 201, f"builds/{work.id}")


class BuildHandler(Handler):
    """One build."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, ident: str) -> None:
        """Show it."""
        work = await self.call(lambda: self.services.builds.get(ident))
        self.answer(wire.build(work))

    @authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def delete(self, ident: str) -> None:
        """Ask it to stop."""
        work = await self.call(lambda: self.services.builds.stop(ident))
        self.answer(wire.build(work), 202)


class BuildLogHandler(Handler):
    """The log of one build."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, ident: str) -> None:
        """Show it from an offset on."""
        offset = wire.offset(self.get_query_argument("offset", "0"))
        chunk = await self.call(lambda: self.services.builds.log(ident, offset))
        self.answer(wire.log(chunk))
