"""A handler whose body goes where it belongs while it arrives, and is never held as a whole."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from tornado.web import HTTPError

from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.handlers.handler import Handler

_PIECE = 1 << 20


class StreamedHandler(Handler):
    """Who sends a body is known, and may, before the first byte of it is looked at.

    Subclasses are decorated with ``stream_request_body``. ``STREAMED`` names the verb, action and
    resource; ``sink`` returns what takes the bytes.
    """

    STREAMED: tuple[str, str, str] = ("", "", "")

    def sink(self) -> Any:
        """Return what has ``write`` and ``abort``; called in a thread."""
        raise NotImplementedError

    async def prepare(self) -> None:  # type: ignore[override]
        """Refuse before anything is taken; raises HTTPError and what ``sink`` raises."""
        self.taker: Any = None
        self._pieces = bytearray()
        self._wrong: ModelPackError | None = None
        await _maybe(super().prepare())
        verb, action, resource = self.STREAMED
        if self.request.method != verb:
            return
        if self.current_user is None:
            raise HTTPError(403)
        allowed = self.authorizer.is_authorized(self, self.current_user, action, resource)
        if not await _maybe(allowed):
            raise HTTPError(403)
        self.request.connection.set_max_body_size(1 << 50)  # type: ignore[union-attr]
        self.taker = await self.call(self.sink)

    async def data_received(self, chunk: bytes) -> None:
        """Pass bytes on; the sender waits meanwhile, and hears of an error at the end."""
        if self.taker is None or self._wrong is not None:
            return
        self._pieces += chunk
        if len(self._pieces) >= _PIECE:
            try:
                await self.flush_body()
            except ModelPackError as error:  # tornado would only close the connection
                self._wrong = error

    async def flush_body(self) -> None:
        """Pass on what is held back; raises what could not be taken."""
        if self._wrong is not None:
            raise self._wrong
        pieces, self._pieces = bytes(self._pieces), bytearray()
        if pieces:
            await self.call(lambda: self.taker.write(pieces))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send an error; the server closes the connection when a body is left unread, so say so."""
        self.set_header("Connection", "close")
        super().write_error(status_code, **kwargs)

    def on_connection_close(self) -> None:
        """Forget what was sent when the sender is gone."""
        super().on_connection_close()
        self._abort()

    def on_finish(self) -> None:
        """Forget what was not finished."""
        super().on_finish()
        self._abort()

    def _abort(self) -> None:
        taker, self.taker = getattr(self, "taker", None), None
        if taker is not None:
            self.executor.submit(taker.abort)


async def _maybe(value: Any) -> Any:
    return await value if isinstance(value, Awaitable) else value
