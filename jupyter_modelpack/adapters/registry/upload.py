"""The upload of one blob: in one request or in chunks, going on where it broke.

After a break the registry is asked how far it came (distribution-spec 1.1, "Pushing a blob in
chunks"); a registry that cannot say is sent the blob again from its beginning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from jupyter_modelpack.adapters.registry.answer import (
    ERROR_BYTES,
    Answer,
    Asked,
    Body,
    read_bounded,
    refusal,
    unexpected,
)
from jupyter_modelpack.adapters.registry.blob_source import BlobSource
from jupyter_modelpack.adapters.registry.connection import Connection, Unanswered
from jupyter_modelpack.adapters.registry.pace import AGAIN, retry_after
from jupyter_modelpack.adapters.registry.tally import Tally
from jupyter_modelpack.errors import RegistryError
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Repository

Outcome = Literal["there", "mounted", "sent"]
_RANGE = re.compile(r"(?:bytes[ =])?0-([0-9]{1,18})\Z")
_OCTETS = "application/octet-stream"
_LEAST_CHUNK = "OCI-Chunk-Min-Length"
_MOST_CHUNK = 1 << 30
# Statuses by which registries that take no chunks say so when the first one comes.
_NO_CHUNKS = (400, 404, 405, 411, 413, 415, 501)


@dataclass(frozen=True)
class _Session:
    """An upload that the registry has opened: where to go on, and how much it has."""

    location: str
    offset: int
    chunk: int
    fresh: bool = True


class BlobUpload:
    """Brings one blob of a layout to a registry."""

    def __init__(
        self, connection: Connection, layout: Layout, descriptor: Descriptor, tally: Tally
    ) -> None:
        self._connection = connection
        self._blob = descriptor
        self._source = BlobSource(layout, descriptor)
        self._tally = tally
        self._endpoint = connection.endpoint
        self._scopes = (self._endpoint.scope("pull", "push"),)
        self._counted = 0
        self._opened = 0
        self._whole = False  # the registry takes no chunks

    def run(self, source: Repository | None = None) -> Outcome:
        """Return when the registry has the blob, and how it came there.

        ``source`` is a repository of the same registry that may have it already. Raises
        RegistryError, BackendUnavailable, and StoreError when our own blob is damaged.
        """
        if self._is_there():
            self._tally.there(self._blob.size)
            return "there"
        self._source.check()
        if source is not None and self._mounted(source):
            self._tally.there(self._blob.size)
            return "mounted"
        self._send()
        return "sent"

    def _is_there(self) -> bool:
        url = self._endpoint.url("blobs", self._blob.digest)
        answer = self._connection.call(Asked("HEAD", url, self._scopes))
        if answer.status == 404:
            return False
        if answer.status != 200:
            raise self._refused(answer)
        size = answer.headers.get("Content-Length")
        if size is not None and size != str(self._blob.size):
            raise unexpected(
                self._connection.host, f"has another size of {self._blob.digest.short}"
            )
        return True

    def _mounted(self, source: Repository) -> bool:
        url = self._endpoint.url("blobs/uploads", mount=self._blob.digest, **{"from": source.path})
        scopes = (*self._scopes, f"repository:{source.path}:pull")
        try:
            answer = self._connection.call(Asked("POST", url, scopes))
        except RegistryError:  # no token for a repository that we may not read
            return False
        # What is not mounted is an ordinary upload; the one that was opened is left to expire.
        return answer.status == 201 and self._is_there()

    def _send(self) -> None:
        session, attempt = self._open(), 0
        while True:
            before, asked = session.offset, None
            try:
                session_or_answer = self._step(session)
            except Unanswered:
                if attempt + 1 >= self._connection.access.attempts:
                    raise
            else:
                if session_or_answer is None:
                    return
                if isinstance(session_or_answer, _Session):
                    session = session_or_answer
                    attempt = 0 if session.offset > before else attempt + 1
                    self._enough(attempt)
                    continue
                asked = self._pause_of(session_or_answer, attempt)
            attempt += 1
            self._connection.wait(attempt, asked)
            resumed = self._resumed(session)
            if resumed is None:
                return
            attempt = 0 if resumed.offset > before else attempt
            session = resumed

    def _enough(self, attempt: int) -> None:
        if attempt >= self._connection.access.attempts:
            raise unexpected(self._connection.host, "takes uploads but never to their end")

    def _pause_of(self, answer: Answer, attempt: int) -> float | None:
        if answer.status not in AGAIN or attempt + 1 >= self._connection.access.attempts:
            raise self._refused(answer)
        return retry_after(answer.headers.get("Retry-After"), self._connection.pace.now())

    def _open(self) -> _Session:
        self._enough(self._opened)
        self._opened += 1
        asked = Asked("POST", self._endpoint.url("blobs/uploads"), self._scopes)
        answer = self._connection.call(asked)
        if answer.status != 202:
            raise self._refused(answer)
        least = answer.headers.get(_LEAST_CHUNK, "")
        chunk = self._connection.access.chunk_bytes
        if least.isascii() and least.isdigit() and len(least) < 18:
            chunk = min(max(chunk, int(least)), _MOST_CHUNK)
        self._arrived(0)
        return _Session(self._location(answer, answer.url), 0, chunk)

    def _step(self, session: _Session) -> _Session | Answer | None:
        """Send the next part; return where the upload is then, a refusal, or None at the end."""
        size = self._blob.size
        one_request = session.fresh and size <= session.chunk
        if session.offset == 0 and (one_request or self._whole):
            answer = self._put(session, 0, size)
        elif session.offset >= size:
            answer = self._put(session, size, 0)
        else:
            return self._chunk(session)
        if answer.status == 201:
            self._confirm(answer)
            return None
        return answer

    def _chunk(self, session: _Session) -> _Session | Answer:
        length = min(session.chunk, self._blob.size - session.offset)
        end = session.offset + length
        headers = {
            "Content-Type": _OCTETS,
            "Content-Range": f"{session.offset}-{end - 1}",
        }
        body = self._body(session.offset, length)
        answer = self._once(Asked("PATCH", session.location, self._scopes, headers, body, length))
        if answer.status == 202:
            at = self._range(answer)
            self._arrived(end if at is None else at)
            there = end if at is None else at
            return _Session(self._location(answer, session.location), there, session.chunk, False)
        if answer.status == 416:
            return self._resumed(session) or answer
        if answer.status in _NO_CHUNKS and session.offset == 0 and not self._whole:
            self._whole = True
            return self._open()
        return answer

    def _put(self, session: _Session, start: int, length: int) -> Answer:
        separator = "&" if "?" in session.location else "?"
        digest = quote(self._blob.digest, safe=":")
        url = f"{session.location}{separator}digest={digest}"
        headers = {"Content-Type": _OCTETS}
        if not length:
            return self._once(Asked("PUT", url, self._scopes, headers))
        body = self._body(start, length)
        return self._once(Asked("PUT", url, self._scopes, headers, body, length))

    def _body(self, start: int, length: int) -> Body:
        return lambda: self._source.part(start, length, self._tally.wired)

    def _resumed(self, session: _Session) -> _Session | None:
        """Return where the upload is now, a new one where it is lost, None when it is complete."""
        answer = self._connection.call(Asked("GET", session.location, self._scopes))
        at = self._range(answer) if answer.status in (202, 204) else None
        if at is not None and not self._whole:
            self._arrived(at)
            location = answer.headers.get("Location")
            where = self._location(answer, session.location) if location else session.location
            return _Session(where, at, session.chunk, False)
        # The answer to the last request may have been lost, and not the request.
        if self._is_there():
            self._arrived(self._blob.size)
            return None
        return self._open()

    def _once(self, asked: Asked) -> Answer:
        with self._connection.once(asked) as response:
            body = read_bounded(response, ERROR_BYTES, self._connection.host)
            return Answer(response.status_code, response.headers, body, asked.url)

    def _confirm(self, answer: Answer) -> None:
        said = answer.headers.get("Docker-Content-Digest")
        if said is not None and said != self._blob.digest:
            raise unexpected(self._connection.host, "kept a blob under another digest")
        self._arrived(self._blob.size)

    def _arrived(self, count: int) -> None:
        self._tally.moved(count - self._counted)
        self._counted = count

    def _range(self, answer: Answer) -> int | None:
        """Return how many bytes the registry says it has (``Range: 0-LAST``), or None."""
        found = _RANGE.match(answer.headers.get("Range", ""))
        if found is None:
            return None
        # ``0-0`` is what registries say about nothing as well as about one byte.
        count = 0 if found.group(1) == "0" else int(found.group(1)) + 1
        if count > self._blob.size:
            raise unexpected(self._connection.host, "says that it has more than was sent")
        return count

    def _location(self, answer: Answer, base: str) -> str:
        return self._connection.where(base, answer.headers.get("Location", ""))

    def _refused(self, answer: Answer) -> RegistryError:
        return refusal(
            answer, self._connection.host, f"push to {self._endpoint.repository.path}",
            self._connection.credential,
        )  # fmt: skip
