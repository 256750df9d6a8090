"""The service's application in this process, on a free port; its releases pass every check."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from shelf_workshop import shelf_world
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from traitlets.config import Config

from jupyter_modelpack.adapters.identity.membership import Membership
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.service.app import ReleaseService
from jupyter_modelpack.service.application import Address, make_application

SECRET = "a-secret-of-the-proxy"
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


@dataclass
class Served:
    """A service that answers."""

    address: Address
    application: Application
    wiring: Any
    world: Any
    client: httpx.Client

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request to a path below the base URL."""
        self.client.cookies.clear()
        return self.client.request(method, self.address.url + path, **more)

    def routes(self) -> dict[str, type]:
        """Return the live router: every pattern below the base URL and its handler."""
        found = {}
        for rule in self.application.wildcard_router.rules:
            pattern = rule.matcher.regex.pattern.rstrip("$")
            found[pattern.removeprefix(self.address.base_url)] = rule.target
        return found


def proxied(name: str, groups: str = "", **more: str) -> dict[str, str]:
    """Return the headers of a request that came through the proxy."""
    return {
        "kubeflow-userid": name,
        "x-groups": groups,
        "x-modelpack-proxy-secret": SECRET,
        **more,
    }


def paged(served: Served, headers: dict[str, str]) -> dict[str, str]:
    """Return the headers that a page of the service adds to a request of a person."""
    return {
        **headers,
        "Origin": served.address.origin,
        "Cookie": "_modelpack_xsrf=abcdef",
        "X-XSRFToken": "abcdef",
    }


@contextmanager
def serving(
    folder: Path,
    login: Any = None,
    change: Callable[[Application], None] = lambda application: None,
    base_url: str = "/releases/",
) -> Iterator[Served]:
    """Serve from a folder; without ``login`` people come through a proxy that has a secret."""
    folder.mkdir(parents=True, exist_ok=True)
    if login is None:
        login = header_login(folder)
    sockets = bind_sockets(0, "127.0.0.1")
    address = Address(f"http://127.0.0.1:{sockets[0].getsockname()[1]}", base_url)
    login.check(address)
    membership = Membership(login.directory)
    app = ReleaseService(data_dir=str(folder), workshop="shelf_workshop:open_workshop")
    wiring = app.make_wiring(membership)
    world = shelf_world(folder)
    ready, loops = threading.Event(), []
    executor = ThreadPoolExecutor(8)
    routes = app.routes(wiring, executor)
    application = make_application(address, login, membership, b"x" * 32, routes)
    change(application)

    def run() -> None:
        async def main() -> None:
            server = HTTPServer(application)
            server.add_sockets(sockets)
            stop = asyncio.Event()
            loops.append((asyncio.get_running_loop(), stop))
            ready.set()
            await stop.wait()
            server.stop()
            await server.close_all_connections()

        asyncio.run(main())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        with httpx.Client(timeout=60) as client:
            yield Served(address, application, wiring, world, client)
    finally:
        loop, stop = loops[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        wiring.close()
        executor.shutdown()
        world.ledger.close()


def header_login(folder: Path, **more: Any) -> Any:
    from jupyter_modelpack.adapters.identity.proxy_header import HeaderLogin

    secret = folder / "proxy-secret"
    secret.write_text(SECRET)
    settings = {
        "secret_file": str(secret),
        "groups_header": "x-groups",
        "signs_in": True,
        **more,
    }
    return HeaderLogin(config=Config({"HeaderLogin": settings}))


def account(name: str, provider: str = "proxy") -> dict[str, Any]:
    """Return what a record says of a verified author."""
    return Actor(provider, name, verified=True, signed_in=True).to_json()
