"""The files that a run wrote, to be saved where the browser is."""

from __future__ import annotations

import os
from functools import partial
from urllib.parse import quote

from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from jupyter_modelpack.handlers.access import authorized
from jupyter_modelpack.handlers.handler import Handler
from jupyter_modelpack.handlers.runs import RESOURCE

_PIECE = 1 << 20


class RunFileHandler(Handler):
    """One file of one run; ``path`` is as the run lists it."""

    @authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, ident: str) -> None:
        """Send it a piece at a time; a browser saves it and never shows it as a page of ours."""
        path = self.get_query_argument("path", "", strip=False)
        stream = await self.call(lambda: self.services.runs.file(ident, path))
        with stream:
            name = quote(path.rpartition("/")[2], safe="")
            self.set_header("Content-Type", "application/octet-stream")
            self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Cache-Control", "no-store")
            left = os.fstat(stream.fileno()).st_size
            self.set_header("Content-Length", str(left))
            while left:
                piece = await self.call(partial(stream.read, min(_PIECE, left)))
                if not piece:
                    break  # it was cut meanwhile: the connection ends before the promised length
                left -= len(piece)
                self.write(piece)
                try:
                    await self.flush()
                except StreamClosedError:
                    return
        self.finish()
