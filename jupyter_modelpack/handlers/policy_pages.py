"""The page of who may do what, and the form on which people decide on changes of that."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.page import Page


class JurisdictionPage(Page):
    """Who may do what, where, and the changes of it that were proposed."""

    @authenticated
    @authorized(action="read", resource="modelpack:pages")
    async def get(self) -> None:
        """Show it."""
        actor = self.actor(self.current_user)
        found = await self.call(lambda: self.services.pages.jurisdiction(actor))
        self.show("jurisdiction.html", found)


class PolicyDecisionForm(Page):
    """A person's decision on a proposed policy."""

    @authenticated
    @authorized(action="execute", resource="modelpack:policy")
    async def post(self, ident: str) -> None:
        """Approve or reject the text that was seen, and nothing else."""
        from jupyter_modelpack.services.promotions import Vote

        word = wire.chosen(self.field("decision"), "decision", ("approve", "reject"))
        comment, digest = self.field("comment", needed=False), self.field("digest")
        vote = Vote(word == "approve", comment, digest)
        actor = self.actor(self.current_user)
        await self.call(lambda: self.services.pages.decide_policy(ident, actor, vote))
        self.go("jurisdiction")
