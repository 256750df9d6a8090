"""Blobs over HTTP: what images are made of, sent to the release service."""

from __future__ import annotations

from typing import Any

from tornado.web import authenticated, stream_request_body

from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.streamed import StreamedHandler
from jupyter_modelpack.oci.digest import Digest

RESOURCE = "modelpack:submissions"


@stream_request_body
class BlobHandler(StreamedHandler):
    """One blob."""

    STREAMED = ("PUT", "write", RESOURCE)

    def sink(self) -> Any:
        """Return an upload."""
        digest = Digest.parse(self.path_args[0])
        length = self.request.headers.get("Content-Length", "")
        return self.services.uploads.begin(digest, int(length) if length.isdigit() else None)

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def head(self, digest: str) -> None:
        """Say whether it is there."""
        wanted = Digest.parse(digest)
        size = await self.call(lambda: self.services.uploads.size(wanted))
        self.set_header("X-Modelpack-Size", str(size or 0))
        self.set_status(404 if size is None else 200)
        self.finish()

    @authenticated
    @authorized(action="write", resource=RESOURCE)
    async def put(self, digest: str) -> None:
        """Keep it, if its bytes are the right ones."""
        await self.flush_body()
        await self.call(self.taker.finish)
        self.taker = None
        self.set_status(201)
        self.finish()
