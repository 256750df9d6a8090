"""The policy and changes of it over HTTP."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler

RESOURCE = "modelpack:policy"
CHANGE = ("text", "reason", "seen")
DECISION = ("decision", "comment", "digest")


class PolicyHandler(Handler):
    """The policy in force."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Show it, with the changes that were proposed."""
        actor = self.actor(self.current_user)
        self.answer(await self.call(lambda: self.services.releases.policy(actor)))


class PolicyChangesHandler(Handler):
    """Proposed policies."""

    @authenticated
    @authorized(action="write", resource=RESOURCE)
    async def post(self) -> None:
        """Propose one."""
        body = wire.Body(self.request.body, CHANGE)
        text, reason, seen = body.text("text"), body.text("reason"), body.optional_text("seen")
        actor = self.actor(self.current_user)
        releases = self.services
        made = await self.call(lambda: releases.releases.propose_policy(actor, text, reason, seen))
        self.answer(made, 201, "policy")


class PolicyDecisionHandler(Handler):
    """A person's decision on a proposed policy."""

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
        )
        actor = self.actor(self.current_user)
        releases = self.services
        self.answer(await self.call(lambda: releases.releases.answer_policy(ident, actor, vote)))
