"""Runs over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornado.web import authenticated

from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler

if TYPE_CHECKING:
    from jupyter_modelpack.services.work import Work

RESOURCE = "modelpack:runs"
FIELDS = (
    "name", "version", "parameters", "network", "backend", "options", "pod_defaults", "settings",
)  # fmt: skip


class RunsHandler(Handler):
    """All runs, or those of one package."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """List runs, newest first."""
        name = self.get_query_argument("name", "")
        version = self.get_query_argument("version", "")
        found = await self.call(lambda: self.services.runs.list(name, version))
        self.answer({"runs": [_run(self, work) for work in found]})

    @authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self) -> None:
        """Ask for a run."""
        from jupyter_modelpack.services.runs import RunRequest

        body = wire.Body(self.request.body, FIELDS)
        request = RunRequest(
            name=body.text("name"),
            version=body.text("version"),
            parameters=body.mapping("parameters"),
            network=body.flag("network", False),
            requested_by=self.current_user.username,
            backend=body.optional_text("backend") or "local",
            options=body.mapping("options"),
            pod_defaults=body.names("pod_defaults"),
            settings=body.names("settings"),
        )
        work = await self.call(lambda: self.services.runs.start(request))
        self.answer(_run(self, work), 201, f"runs/{work.id}")


class RunHandler(Handler):
    """One run."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, ident: str) -> None:
        """Show it."""
        work = await self.call(lambda: self.services.runs.get(ident))
        self.answer(_run(self, work))

    @authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def delete(self, ident: str) -> None:
        """Ask it to stop."""
        work = await self.call(lambda: self.services.runs.stop(ident))
        self.answer(_run(self, work), 202)


class RunRetryHandler(Handler):
    """One run that did not succeed, tried again."""

    @authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self, ident: str) -> None:
        """Ask for the next try, which is a run of its own."""
        actor = self.current_user.username
        work = await self.call(lambda: self.services.runs.retry(ident, actor))
        self.answer(_run(self, work), 201, f"runs/{work.id}")


class RunLogHandler(Handler):
    """The log of one run."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, ident: str) -> None:
        """Show it from an offset on."""
        offset = wire.offset(self.get_query_argument("offset", "0"))
        chunk = await self.call(lambda: self.services.runs.log(ident, offset))
        self.answer(wire.log(chunk))


class RunNotebookHandler(Handler):
    """The notebook as it ran."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, ident: str) -> None:
        """Show it as a page in which nothing runs."""
        page = await self.call(lambda: self.services.runs.page(ident))
        self.answer({"html": page})


def _run(handler: Handler, work: Work) -> dict[str, Any]:
    place = work.state.get("executed_notebook")
    return wire.run(work, (handler.paths.shown(place) or None) if place else None)
