"""A world in which names lead where a test says, and a trap that counts who comes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from jupyter_modelpack.adapters.registry import World
from jupyter_modelpack.adapters.registry.credential import Credential
from jupyter_modelpack.adapters.registry.endpoint import Origin
from tests.registry.images import Pace

PUBLIC = "93.184.215.14"
ADA = Credential("ada", "correct horse battery")


@dataclass
class Names:
    """Names and their addresses; the last answer of several is repeated."""

    known: dict[str, list[Sequence[str]]]

    def addresses(self, host: str, port: int) -> Sequence[str]:
        answers = self.known.get(host)
        if not answers:
            raise OSError(f"no address of {host}")
        return answers.pop(0) if len(answers) > 1 else answers[0]


@dataclass
class Dialer:
    """Connects one pretended address to a server here, and notes every address it is asked for."""

    port: int
    dialled: list[str] = field(default_factory=list)

    def proxied(self, origin: Origin) -> bool:
        return False

    def pool(self, origin: Origin) -> httpx.BaseTransport:
        return _Pool(self)


class _Pool(httpx.BaseTransport):
    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host, url = request.url.host, request.url
        self._dialer.dialled.append(host)
        if host == PUBLIC:
            url = url.copy_with(host="127.0.0.1", port=self._dialer.port, scheme="http")
        return self._inner.handle_request(
            httpx.Request(request.method, url, headers=request.headers, stream=request.stream)
        )

    def close(self) -> None:
        self._inner.close()


@dataclass
class Trap:
    """Listens on this machine's own addresses, where nobody should be led."""

    port: int
    connections: int = 0
    requests: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    reply: tuple[int, Mapping[str, str]] = (404, {})


@contextlib.contextmanager
def trap() -> Iterator[Trap]:
    caught = Trap(0)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

        def _handle(self) -> None:
            caught.requests.append((self.command, self.path, dict(self.headers.items())))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers = caught.reply
            self.send_response(status)
            for key, value in {"Content-Length": "0", **headers}.items():
                self.send_header(key, value)
            self.end_headers()

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def get_request(self) -> Any:
            caught.connections += 1
            return super().get_request()

        def handle_error(self, *args: Any) -> None:
            """Say nothing."""

    with contextlib.ExitStack() as stack:
        first = Server(("127.0.0.1", 0), Handler)
        caught.port = first.server_address[1]
        servers = [first]
        with contextlib.suppress(OSError):

            class Six(Server):
                address_family = socket.AF_INET6

            servers.append(Six(("::1", caught.port), Handler))
        for server in servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        yield caught


def world(names: Names, dialer: Dialer, credential: Credential = ADA) -> World:
    return World(Pace(), names, dialer, lambda host, path: credential)
