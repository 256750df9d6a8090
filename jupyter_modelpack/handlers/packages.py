"""Packages over HTTP."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler

RESOURCE = "modelpack:packages"
FIELDS = ("format", "path", "overwrite")


class PackagesHandler(Handler):
    """All packages, or those of one notebook."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """List packages, newest first."""
        path = self.get_query_argument("path", "", strip=False)
        place = self.paths.notebook(path) if path else None
        limit, before = (
            wire.page_size(self.get_query_argument("limit", wire.PAGE)),
            wire.place(self.get_query_argument("before", "")),
        )
        found = await self.call(
            lambda: self.services.packages.list(path=place, limit=limit + 1, before=before)
        )
        self.answer(wire.packages(found, limit, self.paths.shown))


class PackageVersionsHandler(Handler):
    """The packages of one name."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, name: str) -> None:
        """List them, newest first."""
        limit, before = (
            wire.page_size(self.get_query_argument("limit", wire.PAGE)),
            wire.place(self.get_query_argument("before", "")),
        )
        found = await self.call(
            lambda: self.services.packages.list(name=name, limit=limit + 1, before=before)
        )
        self.answer(wire.packages(found, limit, self.paths.shown))


class PackageHandler(Handler):
    """One package."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, name: str, version: str) -> None:
        """Show it."""
        record = await self.call(lambda: self.services.packages.get(name, version))
        self.answer(wire.package(record, self.paths.shown(record["path"])))


class PackagePipelineHandler(Handler):
    """The file that a cluster runs a package from."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, name: str, version: str) -> None:
        """Show it as YAML."""
        asked = self.get_query_argument("format", "kubeflow")
        kind = wire.chosen(asked, "format", wire.JOBS)
        content = await self.call(lambda: self.services.packages.job(name, version, kind))
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(content, set_content_type="text/plain; charset=utf-8")


class PackageNotebookHandler(Handler):
    """The notebook that a package's image holds."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, name: str, version: str) -> None:
        """Show it as JSON, without outputs."""
        content = await self.call(lambda: self.services.packages.notebook(name, version))
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(content, set_content_type="application/json; charset=utf-8")


class PackageExportHandler(Handler):
    """A package as a file beside the notebooks."""

    @authenticated
    @authorized(action="write", resource=RESOURCE)
    async def post(self, name: str, version: str) -> None:
        """Write the file."""
        body = wire.Body(self.request.body, FIELDS)
        kind = body.choice("format", (*wire.ARCHIVES, *wire.JOBS))
        overwrite = body.flag("overwrite", False)
        target = self.paths.target(body.text("path"))
        packages = self.services
        size = await self.call(
            lambda: packages.packages.export(name, version, kind, target, overwrite=overwrite)
        )
        self.answer({"path": self.paths.shown(str(target)), "size": size}, 201)
