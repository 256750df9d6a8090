"""The Kubernetes API over HTTP, in plain dictionaries, with its answers as our errors."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from jupyter_modelpack.adapters.kubernetes.connection import Connection
from jupyter_modelpack.errors import (
    BackendError,
    BackendUnavailable,
    Conflict,
    ModelPackError,
    NotFound,
)

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_MOST_LOG = 64 << 20
Json = dict[str, Any]


class Gone(ModelPackError):
    """The version of a list or watch is too old (HTTP 410, or an error within a watch)."""

    code = "GONE"


class Api:
    """Requests to one API server; may be used by several threads."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        limits = httpx.Limits(max_connections=40, max_keepalive_connections=10)
        self._http = httpx.Client(
            base_url=connection.url,
            verify=connection.tls,
            timeout=_TIMEOUT,
            limits=limits,
            trust_env=not _loopback(connection.url),
        )
        self._watched: set[socket.socket] = set()
        self._extensions = (
            {"sni_hostname": connection.server_name} if connection.server_name else {}
        )

    def get(self, path: str, **params: Any) -> Json:
        """Return an object or a list."""
        return self._json("GET", path, params=params)

    def create(self, path: str, body: Mapping[str, Any]) -> Json:
        """Create an object; raises Conflict when its name is taken."""
        return self._json("POST", path, body=body)

    def apply(
        self, path: str, body: Mapping[str, Any], manager: str, *, dry_run: bool = False
    ) -> Json:
        """Apply an object on the server's side as a field manager; takes what others hold."""
        params = {"fieldManager": manager, "force": "true", "dryRun": "All" if dry_run else None}
        kind = "application/apply-patch+yaml"  # JSON is YAML
        return self._json("PATCH", path, params=params, body=body, kind=kind)

    def delete(self, path: str, *, propagation: str = "Background", uid: str = "") -> None:
        """Delete an object, if need be only the one with that uid; a missing one is no error."""
        body: Json = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            self._json("DELETE", path, body=body)
        except NotFound:
            return
        except Conflict:
            if not uid:
                raise

    def text(self, path: str, **params: Any) -> str:
        """Return a log, at most 64 MiB of it."""
        data = bytearray()
        with self._answer("GET", path, params=params) as answer:
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > _MOST_LOG:
                    break
        return data.decode("utf-8", "replace")

    def watch(self, path: str, *, quiet: float, **params: Any) -> Iterator[Json]:
        """Yield the events of a watch until the server ends it.

        ``quiet`` seconds without a byte count as a lost connection. Raises Gone.
        """
        timeout = httpx.Timeout(10.0, connect=5.0, read=quiet)
        with self._answer("GET", path, params={**params, "watch": "true"}, timeout=timeout) as got:
            open_socket = got.extensions["network_stream"].get_extra_info("socket")
            self._watched.add(open_socket)
            try:
                for line in got.iter_lines():
                    if line.strip():
                        yield _event(line)
            finally:
                self._watched.discard(open_socket)

    def interrupt(self) -> None:
        """End all watches: whoever reads one finds it broken off.

        The connections are only shut down, not closed: their descriptors stay taken until their
        own threads let them go, so that nothing else can be given the same number meanwhile.
        """
        for each in list(self._watched):
            with suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connections; no other thread may use them any more."""
        self._http.close()

    def _json(self, method: str, path: str, **more: Any) -> Json:
        with self._answer(method, path, **more) as answer:
            content = answer.read()
        try:
            found = json.loads(content)
        except ValueError as error:
            raise BackendUnavailable(
                "The cluster's answer is not JSON.", advice="Something stands between us and it."
            ) from error
        return found if isinstance(found, dict) else {}

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        kind: str = "application/json",
        timeout: httpx.Timeout = _TIMEOUT,
    ) -> Iterator[httpx.Response]:
        headers = {"Accept": "application/json, */*"}
        token = self.connection.token()
        if token:
            headers["Authorization"] = token
        content = None
        if body is not None:
            headers["Content-Type"] = kind
            content = json.dumps(body).encode()
        try:
            with self._http.stream(
                method,
                path,
                params={key: value for key, value in (params or {}).items() if value is not None},
                headers=headers,
                content=content,
                timeout=timeout,
                extensions=self._extensions,
            ) as answer:
                if answer.status_code >= 300:
                    answer.read()
                    raise _refused(answer, method, path)
                yield answer
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise BackendUnavailable(
                f"The cluster does not answer ({type(error).__name__}).",
                advice="Nothing is lost: runs go on there, and are looked at again by themselves.",
            ) from error


def _loopback(url: str) -> bool:
    return (httpx.URL(url).host or "") in ("127.0.0.1", "localhost", "::1")


def _event(line: str) -> Json:
    try:
        event = json.loads(line)
        kind, found = str(event["type"]), event["object"]
    except (ValueError, KeyError, TypeError) as error:
        raise BackendUnavailable("A watch of the cluster broke off in a line.") from error
    if kind == "ERROR":
        if found.get("code") == 410:
            raise Gone("The watch is too old.")
        raise BackendUnavailable(f"A watch of the cluster failed: {_said(found)}")
    return {"type": kind, "object": found}


def _refused(answer: httpx.Response, method: str, path: str) -> ModelPackError:
    try:
        status = answer.json()
    except ValueError:
        status = {}
    said = _said(status) if isinstance(status, dict) else ""
    code = answer.status_code
    if code == 410:
        return Gone("The list is too old.")
    if code == 404:
        return NotFound("such thing on the cluster:", said or path)
    if code == 409:
        return Conflict(f"The cluster has another one: {said}", advice="Look again.")
    if code == 429 or code >= 500:
        return BackendUnavailable(
            f"The cluster cannot answer now (HTTP {code}).", advice="It is asked again by itself."
        )
    if code in (401, 403):
        return BackendError(
            f"The cluster refuses it: {said}",
            advice="jupyter modelpack doctor shows the Role that grants it.",
            status=code,
        )
    return BackendError(f"The cluster does not accept it: {said}", advice="", status=code)


def _said(status: Mapping[str, Any]) -> str:
    return str(status.get("message") or status.get("reason") or "")[:500]
