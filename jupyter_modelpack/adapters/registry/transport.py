"""The transport: connects only to addresses that were checked, one pool of connections an origin.

A name is looked up once, its addresses are checked, and the connection is made to one of them: a
name that answers differently the second time changes nothing.
"""

from __future__ import annotations

import ssl
import threading
from typing import Protocol
from urllib.request import getproxies, proxy_bypass

import httpx

from jupyter_modelpack.adapters.registry.access import Access
from jupyter_modelpack.adapters.registry.endpoint import Origin
from jupyter_modelpack.adapters.registry.reach import Reach
from jupyter_modelpack.errors import BackendUnavailable, InvalidInput


class Dialer(Protocol):
    """Makes connections."""

    def pool(self, origin: Origin) -> httpx.BaseTransport:
        """Return a pool of connections for one origin."""

    def proxied(self, origin: Origin) -> bool:
        """Return whether a proxy connects to it, which then finds the address itself."""


class RealDialer:
    """Connects over TCP and TLS, and through the proxy that the environment names."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._proxies = getproxies()
        self._tls: ssl.SSLContext | None = None

    def pool(self, origin: Origin) -> httpx.BaseTransport:
        """Return a pool of connections for one origin."""
        most = self._access.parallel + 2
        return httpx.HTTPTransport(
            verify=self._context() if origin.scheme == "https" else False,
            limits=httpx.Limits(max_connections=most, max_keepalive_connections=most),
            proxy=self._proxies[origin.scheme] if self.proxied(origin) else None,
        )

    def proxied(self, origin: Origin) -> bool:
        """Return whether the environment names a proxy for it."""
        return origin.scheme in self._proxies and not proxy_bypass(origin.host)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            try:
                made = httpx.create_ssl_context()
                if self._access.ca:
                    made.load_verify_locations(cafile=self._access.ca)
            except OSError as error:
                raise InvalidInput(
                    f"The file with the registry's CA {self._access.ca} cannot be used.",
                    field="registry_ca",
                    advice="It must hold certificates in PEM and be readable.",
                ) from error
            self._tls = made
        return self._tls


class CheckedTransport(httpx.BaseTransport):
    """Sends each request to a checked address of its host."""

    def __init__(self, reach: Reach, dialer: Dialer) -> None:
        self._reach = reach
        self._dialer = dialer
        self._pools: dict[Origin, httpx.BaseTransport] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer; raises NotPermitted when the host may not be connected to."""
        origin = Origin.of(str(request.url))
        proxied = self._dialer.proxied(origin)
        try:
            addresses = self._reach.addresses(origin.host, origin.port)
        except BackendUnavailable:
            if not proxied:
                raise
            addresses = ()
        pool = self._pool(origin)
        if proxied:
            return pool.handle_request(request)
        last: httpx.TransportError | None = None
        for address in addresses:
            answer = _tried(pool, _pinned(request, origin, address))
            if isinstance(answer, httpx.Response):
                return answer
            last = answer
        assert last is not None
        raise last

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for pool in self._pools.values():
                pool.close()
            self._pools.clear()

    def _pool(self, origin: Origin) -> httpx.BaseTransport:
        with self._lock:
            if origin not in self._pools:
                self._pools[origin] = self._dialer.pool(origin)
            return self._pools[origin]


def _tried(
    pool: httpx.BaseTransport, request: httpx.Request
) -> httpx.Response | httpx.TransportError:
    """Return the answer, or why there is no connection to this address."""
    try:
        return pool.handle_request(request)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        return error


def _pinned(request: httpx.Request, origin: Origin, address: str) -> httpx.Request:
    extensions = dict(request.extensions)
    if address != origin.host:
        extensions["sni_hostname"] = origin.host
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=extensions,
    )
