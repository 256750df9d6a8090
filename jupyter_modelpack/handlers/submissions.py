"""Submissions over HTTP: packages that are to become releases."""

from __future__ import annotations

from tornado.web import authenticated

from jupyter_modelpack.handlers import wire
from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler

RESOURCE = "modelpack:submissions"
FIELDS = ("record", "files")


class SubmissionsHandler(Handler):
    """What was submitted."""

    @authenticated
    @authorized(action="write", resource=RESOURCE)
    async def post(self) -> None:
        """Submit a package whose blobs are there; ``files`` are compiled anew and not kept."""
        body = wire.Body(self.request.body, FIELDS)
        record = body.mapping("record")
        body.mapping("files")
        actor = self.actor(self.current_user)
        made = await self.call(lambda: self.services.submissions.start(record, actor))
        self.answer(wire.submission(made), 202, f"submissions/{made.id}")


class SubmissionHandler(Handler):
    """One submission."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, ident: str) -> None:
        """Show how it stands."""
        found = await self.call(lambda: self.services.submissions.get(ident))
        self.answer(wire.submission(found))
