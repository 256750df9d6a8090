"""The page on which people decide, and the forms on it."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.page import HTML, Page

RESOURCE = "modelpack:pages"
# The page itself is given an origin of its own, so that it is nobody's page, wherever it is shown.
_NOTEBOOK = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class PromotionPage(Page):
    """One promotion, as a reviewer reads it."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, ident: str) -> None:
        """Show it."""
        actor = self.actor(self.current_user)
        found = await self.call(lambda: self.services.pages.promotion(ident, actor))
        self.show("promotion.html", found)


class PromotionNotebookPage(Page):
    """The notebook of a promotion's release, as it ran; nothing in it runs here."""

    @property
    def content_security_policy(self) -> str:
        """Nothing is run or fetched, and the page may be framed by our own only."""
        return _NOTEBOOK

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, ident: str) -> None:
        """Show it."""
        page = await self.call(lambda: self.services.pages.notebook(ident))
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Frame-Options", "SAMEORIGIN")
        self.finish(page, set_content_type=HTML)


class DecisionForm(Page):
    """A person's decision on a promotion."""

    @authenticated
    @authorized(action="execute", resource="modelpack:promotions")
    async def post(self, ident: str) -> None:
        """Approve or reject what was seen, and nothing else."""
        from jupyter_modelpack.services.promotions import Vote

        words = ("approve", "reject", "override")
        word = wire.chosen(self.field("decision"), "decision", words)
        vote = Vote(
            word != "reject",
            self.field("comment", needed=False),
            self.field("digest"),
            self.field("policy"),
            self.count("generation"),
            word == "override",
        )
        actor = self.actor(self.current_user)
        await self.call(lambda: self.services.pages.decide(ident, actor, vote))
        self.go("promotions", ident)


class WithdrawalForm(Page):
    """Taking a request back."""

    @authenticated
    @authorized(action="write", resource="modelpack:promotions")
    async def post(self, ident: str) -> None:
        """Take it back."""
        actor, reason = self.actor(self.current_user), self.field("reason", needed=False)
        await self.call(lambda: self.services.pages.withdraw(ident, actor, reason))
        self.go("promotions", ident)


class RollbackForm(Page):
    """Going back to what an environment held before."""

    @authenticated
    @authorized(action="execute", resource="modelpack:rollbacks")
    async def post(self, name: str) -> None:
        """Go back, or ask for it."""
        from jupyter_modelpack.services.promotions import Wish

        if self.field("sure", needed=False) != "yes":
            raise InvalidInput(
                "Nothing was changed: the box that says you are sure was not ticked.", field="sure"
            )
        environment, version = self.field("environment"), self.field("version")
        wish = Wish(
            name, version, environment, self.field("reason"), "rollback", self.count("generation")
        )
        actor = self.actor(self.current_user)
        ident = await self.call(lambda: self.services.pages.roll_back(wish, actor))
        self.go("promotions", ident)
