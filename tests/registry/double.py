"""A registry in this process that speaks real HTTP, with faults, tokens and a memory of requests.

It follows the distribution-spec 1.1 as far as a client can see, and keeps what arrived of a request
that broke, as good registries do.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from tests.registry.faults import Fault, Rules, Seen, Upload
from tests.registry.handler import Handler


class Double:
    """The registry's state, and how to start it."""

    def __init__(self, **rules: Any) -> None:
        self.rules = Rules(**rules)
        self.lock = threading.RLock()
        self.blobs: dict[str, bytes] = {}
        self.in_repo: dict[str, set[str]] = {}
        self.manifests: dict[str, dict[str, tuple[str, bytes]]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.uploads: dict[str, Upload] = {}
        self.seen: list[Seen] = []
        self.tokens: dict[str, float] = {}
        self.given = 0
        self.fault: Callable[[Seen, dict[str, str]], Fault | None] = lambda seen, headers: None
        self.override: Callable[[Handler], bool] = lambda handler: False
        self.after: Callable[[Seen], None] = lambda seen: None
        self.clock: Callable[[], float] = time.monotonic
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> Double:
        double = self

        class Bound(Handler):
            registry = double

        self._server = _Server(("127.0.0.1", 0), Bound)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def has(self, repo: str, digest: str) -> bool:
        return digest in self.in_repo.get(repo, ())

    def keep(self, repo: str, data: bytes) -> str:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        with self.lock:
            self.blobs[digest] = data
            self.in_repo.setdefault(repo, set()).add(digest)
        return digest

    def keep_manifest(self, repo: str, data: bytes, kind: str, *tags: str) -> str:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        with self.lock:
            self.manifests.setdefault(repo, {})[digest] = (kind, data)
            for tag in tags:
                self.tags.setdefault(repo, {})[tag] = digest
        return digest

    @property
    def received(self) -> int:
        return sum(each.body for each in self.seen)


@contextmanager
def running(**rules: Any) -> Iterator[Double]:
    double = Double(**rules).start()
    try:
        yield double
    finally:
        double.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about connections that we or the client broke."""
