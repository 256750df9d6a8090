"""The connection to one registry: requests with tokens, repetitions and redirects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from jupyter_modelpack._version import __version__
from jupyter_modelpack.adapters.registry.access import Access
from jupyter_modelpack.adapters.registry.answer import (
    MANIFEST_BYTES,
    TOKEN_BYTES,
    Answer,
    Asked,
    read_bounded,
    refusal,
    unexpected,
)
from jupyter_modelpack.adapters.registry.credential import Credential
from jupyter_modelpack.adapters.registry.endpoint import Endpoint, Origin, is_loopback, joined
from jupyter_modelpack.adapters.registry.pace import AGAIN, Pace, pause, retry_after
from jupyter_modelpack.adapters.registry.token import Tokens
from jupyter_modelpack.errors import Aborted, BackendUnavailable, RegistryError

_HOPS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_AGENT = f"jupyter-modelpack/{__version__}"


class Unanswered(BackendUnavailable):
    """A registry did not answer, or not to the end."""


class Connection:
    """Asks one registry; several threads may ask at once."""

    def __init__(
        self,
        endpoint: Endpoint,
        access: Access,
        transport: httpx.BaseTransport,
        credential: Callable[[], Credential],
        pace: Pace,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.endpoint = endpoint
        self.access = access
        self.pace = pace
        self.host = endpoint.repository.host
        self._cancelled = cancelled
        self._tokens = Tokens(self.host, credential, self._ask_realm, pace.monotonic)
        self._client = httpx.Client(
            transport=transport,
            headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(access.answer_seconds, connect=access.connect_seconds),
            trust_env=False,
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    @property
    def credential(self) -> Credential:
        """Who we are to the registry."""
        return self._tokens.credential

    def call(self, asked: Asked, *, most: int = MANIFEST_BYTES) -> Answer:
        """Return the answer to a request that may be repeated, its body at most so many bytes.

        Raises BackendUnavailable when there is none after all attempts, and RegistryError when
        the answer is no HTTP, too large, or asks for more patience than there is.
        """

        def read() -> Answer:
            with self.once(asked) as response:
                return _whole(response, most, self.host)

        return self._repeated(read)

    def asked(self, asked: Asked, doing: str, *expected: int) -> Answer:
        """Return the answer to ``call``, and raise RegistryError for a status not expected."""
        answer = self.call(asked)
        if answer.status not in expected:
            raise refusal(answer, self.host, doing, self.credential)
        return answer

    @contextmanager
    def once(self, asked: Asked) -> Iterator[httpx.Response]:
        """Send a request once, with a token where one is asked for, following redirects of reads.

        A redirect to another origin is followed without credentials, and a challenge from there is
        never answered. Raises Unanswered when the connection breaks, also while reading.
        """
        self.check()
        response, used, tried = None, self._header(asked), 0
        try:
            while True:
                response = self._follow(asked, used)
                ours = Origin.of(str(response.url)) == self.endpoint.origin
                if response.status_code != 401 or not ours or tried == 2:
                    break
                values = response.headers.get_list("WWW-Authenticate")
                new = self._tokens.challenged(values, asked.scopes, used)
                if new is None:
                    break
                response.close()
                used, tried = new, tried + 1
            yield response
        except httpx.TransportError as error:
            raise _unanswered(self.host, error) from error
        except (httpx.InvalidURL, httpx.StreamError, httpx.DecodingError) as error:
            raise unexpected(self.host, "answered with what is no HTTP") from error
        finally:
            if response is not None:
                response.close()

    def wait(self, attempt: int, asked: float | None) -> None:
        """Return after the pause before an attempt; raises when more patience is asked for."""
        if asked is not None and asked > self.access.patience_seconds:
            raise RegistryError(
                f"The registry {self.host} asks to wait {asked:.0f} seconds.",
                advice="Try it again then.",
                retry_after=asked,
            )
        self.check()
        self.pace.sleep(pause(attempt, self.pace.random(), asked))
        self.check()

    def check(self) -> None:
        """Raise Aborted when a person has asked to stop."""
        if self._cancelled():
            raise Aborted("The transfer was stopped.", advice="Nothing was changed.")

    def where(self, response_url: str, location: str) -> str:
        """Return where a ``Location`` leads; plain HTTP leaves this machine only when allowed."""
        url = joined(response_url, location)
        origin = Origin.of(url)
        plain = origin.scheme == "http" and origin != self.endpoint.origin
        if plain and not self.access.insecure and not is_loopback(origin.host):
            raise unexpected(self.host, f"leads to {origin.host:.80} over plain HTTP")
        return url

    def _header(self, asked: Asked) -> str | None:
        if Origin.of(asked.url) != self.endpoint.origin:
            return None
        return self._tokens.header(asked.scopes)

    def _follow(self, asked: Asked, header: str | None) -> httpx.Response:
        url = asked.url
        for _ in range(_HOPS + 1):
            ours = Origin.of(url) == self.endpoint.origin
            headers = dict(asked.headers)
            if header is not None and ours:
                headers["Authorization"] = header
            response = self._send(asked, url, headers)
            if response.status_code not in _REDIRECTS or asked.method not in ("GET", "HEAD"):
                return response
            response.close()
            url = self.where(url, response.headers.get("Location", ""))
        raise unexpected(self.host, "leads from one place to the next without end")

    def _send(self, asked: Asked, url: str, headers: dict[str, str]) -> httpx.Response:
        content = None
        if asked.body is not None:
            headers["Content-Length"] = str(asked.length)
            content = iter(asked.body())
        elif asked.method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = "0"
        request = self._client.build_request(asked.method, url, headers=headers, content=content)
        return self._client.send(request, stream=True, follow_redirects=False)

    def _ask_realm(self, asked: Asked) -> Answer:
        """Ask the realm for a token; a redirect from there is not followed."""
        asked = Asked(
            asked.method,
            self.where(self.endpoint.base(), asked.url),
            headers=asked.headers,
            body=asked.body,
            length=asked.length,
        )

        def read() -> Answer:
            try:
                response = self._send(asked, asked.url, dict(asked.headers))
                try:
                    return _whole(response, TOKEN_BYTES, self.host)
                finally:
                    response.close()
            except httpx.TransportError as error:
                raise _unanswered(Origin.of(asked.url).host, error) from error

        return self._repeated(read)

    def _repeated(self, read: Callable[[], Answer]) -> Answer:
        for attempt in range(1, self.access.attempts + 1):
            last = attempt == self.access.attempts
            try:
                answer = read()
            except Unanswered:
                if last:
                    raise
                asked = None
            else:
                if last or answer.status not in AGAIN:
                    return answer
                asked = retry_after(answer.headers.get("Retry-After"), self.pace.now())
            self.wait(attempt, asked)
        raise AssertionError


def _whole(response: httpx.Response, most: int, host: str) -> Answer:
    url = str(response.url)
    body = read_bounded(response, most, host) if response.request.method != "HEAD" else b""
    return Answer(response.status_code, response.headers, body, url)


def _unanswered(host: str, error: httpx.TransportError) -> BackendUnavailable:
    if isinstance(error, httpx.ConnectError) and "CERTIFICATE" in str(error).upper():
        return BackendUnavailable(
            f"The certificate of the registry {host} is not trusted.",
            advice="Set registry_ca to the file with its CA, or ask who runs the registry.",
        )
    if isinstance(error, httpx.TimeoutException):
        return Unanswered(
            f"The registry {host} did not answer in time.",
            advice="Check the network, or try again later.",
        )
    return Unanswered(
        f"The connection to the registry {host} broke ({type(error).__name__}).",
        advice="Check the address and the network, or try again later.",
    )
