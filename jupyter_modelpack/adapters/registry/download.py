"""The download of one blob into a layout: size first, then digest, and only then the name."""

from __future__ import annotations

from collections.abc import Iterable

import httpx

from jupyter_modelpack.adapters.registry.answer import Answer, Asked, refusal, unexpected
from jupyter_modelpack.adapters.registry.connection import Connection, Unanswered
from jupyter_modelpack.adapters.registry.pace import AGAIN, retry_after
from jupyter_modelpack.adapters.registry.tally import Tally
from jupyter_modelpack.errors import RegistryError
from jupyter_modelpack.oci.blob import BlobWriter
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.layout import Layout

_PIECE = 256 << 10


class BlobDownload:
    """Brings one blob of a registry into a layout."""

    def __init__(
        self, connection: Connection, layout: Layout, descriptor: Descriptor, tally: Tally
    ) -> None:
        self._connection = connection
        self._layout = layout
        self._blob = descriptor
        self._tally = tally
        endpoint = connection.endpoint
        self._asked = Asked(
            "GET", endpoint.url("blobs", descriptor.digest), (endpoint.scope("pull"),)
        )

    def run(self) -> None:
        """Return when the layout has the blob.

        Raises RegistryError when what comes is not what the digest promises; nothing is kept then.
        """
        if self._layout.claim(self._blob):
            self._tally.there(self._blob.size)
            return
        with self._layout.writer() as writer:
            attempt = 0
            while True:
                before, asked = writer.size, None
                try:
                    answer = self._read(writer)
                    if answer is None:
                        break
                    if answer.status not in AGAIN or attempt + 1 >= self._attempts:
                        raise self._refused(answer)
                    asked = retry_after(
                        answer.headers.get("Retry-After"), self._connection.pace.now()
                    )
                except Unanswered:
                    if attempt + 1 >= self._attempts:
                        raise
                attempt = 1 if writer.size > before else attempt + 1
                self._connection.wait(attempt, asked)
            self._keep(writer)

    @property
    def _attempts(self) -> int:
        return self._connection.access.attempts

    def _read(self, writer: BlobWriter) -> Answer | None:
        """Append what comes to the writer; return a refusal, or None when it has come whole."""
        start = writer.size
        headers = {"Range": f"bytes={start}-"} if start else {}
        asked = Asked("GET", self._asked.url, self._asked.scopes, headers)
        with self._connection.once(asked) as response:
            if response.status_code == 200:
                skip = start
            elif response.status_code == 206 and self._starts_at(response, start):
                skip = 0
            elif response.status_code < 400:
                raise unexpected(self._connection.host, "answered with another part of a blob")
            else:
                return Answer(response.status_code, response.headers, b"", asked.url)
            self._check_length(response, start - skip)
            self._append(writer, response.iter_raw(_PIECE), skip)
        if writer.size < self._blob.size:
            raise Unanswered(
                f"The registry {self._connection.host} ended its answer too early.",
                advice="Try again later.",
            )
        return None

    def _append(self, writer: BlobWriter, pieces: Iterable[bytes], skip: int) -> None:
        for piece in pieces:
            self._connection.check()
            self._tally.wired(len(piece))
            new = piece[skip:] if skip else piece
            skip = max(0, skip - len(piece))
            if writer.size + len(new) > self._blob.size:
                raise self._wrong("is longer than it should be")
            writer.write(new)
            self._tally.moved(len(new))

    def _check_length(self, response: httpx.Response, offset: int) -> None:
        said = response.headers.get("Content-Length")
        if said is not None and said != str(self._blob.size - offset):
            raise self._wrong("has another size than it should have")

    @staticmethod
    def _starts_at(response: httpx.Response, start: int) -> bool:
        said: str = response.headers.get("Content-Range", "")
        return said.startswith(f"bytes {start}-")

    def _keep(self, writer: BlobWriter) -> None:
        if writer.size != self._blob.size:
            raise self._wrong("has another size than it should have")
        if writer.digest != self._blob.digest:
            raise self._wrong("is not what its digest promises")
        writer.commit(self._blob.media_type)

    def _wrong(self, what: str) -> RegistryError:
        return unexpected(
            self._connection.host, f"sent a part of the image that {what} ({self._blob.digest})"
        )

    def _refused(self, answer: Answer) -> RegistryError:
        place = self._connection.endpoint.repository.path
        return refusal(
            answer, self._connection.host, f"pull from {place}", self._connection.credential
        )
