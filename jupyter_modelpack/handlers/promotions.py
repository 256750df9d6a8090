"""Promotions and rollbacks over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado.web import authenticated

from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler

if TYPE_CHECKING:
    from jupyter_modelpack.services.promotions import Wish

RESOURCE = "modelpack:promotions"
FIELDS = ("name", "version", "environment", "reason", "generation")
DECISION = ("decision", "comment", "digest", "policy", "generation", "override")


class PromotionsHandler(Handler):
    """All promotions, or those of one package."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """List promotions, newest first."""
        name = self.get_query_argument("name", "")
        is_open = wire.yes_or_no(self.get_query_argument("open", "false"), "open")
        actor = self.actor(self.current_user)
        limit = wire.page_size(self.get_query_argument("limit", wire.PAGE))
        before = self.get_query_argument("before", "")
        found = await self.call(
            lambda: self.services.releases.list(
                name, actor, is_open=is_open, limit=limit + 1, before=before
            )
        )
        shown, following = wire.page(found, limit, "id")
        self.answer({"promotions": shown, "next": following})

    @authenticated
    @authorized(action="write", resource=RESOURCE)
    async def post(self) -> None:
        """Ask for a promotion."""
        wish = _wish(self.request.body, "promote")
        actor = self.actor(self.current_user)
        made = await self.call(lambda: self.services.releases.ask(wish, actor))
        self.answer(made, 201, f"promotions/{made['id']}")


class PromotionHandler(Handler):
    """One promotion."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, ident: str) -> None:
        """Show it, with the difference and the evidence."""
        actor = self.actor(self.current_user)
        self.answer(
            await self.call(lambda: self.services.releases.get(ident, actor, self.paths.shown))
        )

    @authenticated
    @authorized(action="write", resource=RESOURCE)
    async def delete(self, ident: str) -> None:
        """Take the request back."""
        actor = self.actor(self.current_user)
        self.answer(await self.call(lambda: self.services.releases.withdraw(ident, actor)), 202)


class DecisionHandler(Handler):
    """A person's decision on a promotion."""

    @authenticated
    @authorized(action="execute", resource=RESOURCE)
    async def post(self, ident: str) -> None:
        """Approve or reject it."""
        from jupyter_modelpack.services.promotions import Vote

        body = wire.Body(self.request.body, DECISION)
        vote = Vote(
            body.choice("decision", ("approve", "reject")) == "approve",
            body.free_text("comment"),
            body.optional_text("digest"),
            body.optional_text("policy"),
            body.optional_count("generation"),
            body.flag("override", False),
        )
        actor = self.actor(self.current_user)
        self.answer(await self.call(lambda: self.services.releases.answer(ident, actor, vote)))


class RollbacksHandler(Handler):
    """Going back to what an environment held before."""

    @authenticated
    @authorized(action="execute", resource="modelpack:rollbacks")
    async def post(self) -> None:
        """Ask for a rollback."""
        wish = _wish(self.request.body, "rollback")
        actor = self.actor(self.current_user)
        made = await self.call(lambda: self.services.releases.ask(wish, actor))
        self.answer(made, 201, f"promotions/{made['id']}")


def _wish(content: bytes, kind: wire.Kind) -> Wish:
    from jupyter_modelpack.services.promotions import Wish

    body = wire.Body(content, FIELDS)
    return Wish(
        body.text("name"),
        body.text("version"),
        body.text("environment"),
        body.free_text("reason"),
        kind,
        body.optional_count("generation"),
    )
