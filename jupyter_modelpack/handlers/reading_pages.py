"""The pages that are only read: what waits, packages, history, audit log, jurisdiction, oneself."""

from __future__ import annotations

from tornado.web import HTTPError, authenticated

from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler
from jupyter_modelpack.handlers.page import FOLDER, Page

RESOURCE = "modelpack:pages"
_KINDS = {
    ".svg": "image/svg+xml",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


class FrontPage(Page):
    """What waits for the person who looks, and where packages live."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Show it."""
        before, actor = self.before(), self.actor(self.current_user)
        self.show("front.html", await self.call(lambda: self.services.pages.front(actor, before)))


class PackagePage(Page):
    """A package: its lanes, releases and history."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, name: str) -> None:
        """Show it."""
        before, actor = self.before(), self.actor(self.current_user)
        found = await self.call(lambda: self.services.pages.package(name, actor, before))
        self.show("package.html", found)


class HistoryPage(Page):
    """What the environments held, when, and why."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Show it."""
        name = self.get_query_argument("name", "")
        environment = self.get_query_argument("environment", "")
        at = self.get_query_argument("at", "")
        before = self.before()
        found = await self.call(lambda: self.services.pages.history(name, environment, at, before))
        self.show("history.html", found)


class AuditPage(Page):
    """The audit log."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Show it, perhaps after reading all of it."""
        whole = wire.yes_or_no(self.get_query_argument("whole", "false"), "whole")
        before = self.before()
        found = await self.call(lambda: self.services.pages.audit(whole=whole, before=before))
        self.show("audit.html", found)


class SignedInPage(Page):
    """Who is looking, and how that was proved."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Show it."""
        actor = self.actor(self.current_user)
        is_service = self.settings.get("modelpack_origin") is not None
        can_leave = is_service and self.identity_provider.logout_available
        links = {"is_service": is_service, "log_out": f"{self.base_url}logout" if can_leave else ""}
        found = await self.call(lambda: self.services.pages.signed_in(actor))
        self.show("signed_in.html", {**found, **links})


class PageStateHandler(Handler):
    """A text that is another one as soon as something has changed."""

    _track_activity = False  # a page that is left open is no activity

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Show it."""
        self.answer({"state": await self.call(lambda: self.services.pages.state())})


class PageFileHandler(Page):
    """The style and the script of the pages."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, name: str) -> None:
        """Send it."""
        place = FOLDER / "static" / name
        kind = _KINDS.get(place.suffix)
        if kind is None or name not in {each.name for each in place.parent.iterdir()}:
            raise HTTPError(404)
        content = await self.call(place.read_bytes)
        self.set_header("Cache-Control", "private, max-age=300")
        self.finish(content, set_content_type=kind)
