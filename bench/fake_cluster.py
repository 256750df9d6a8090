"""An API server in a process of its own, with any number of pods that change now and then."""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

CHANGES_A_SECOND = 5
RUN = "io.github.jupyter-modelpack/run"


class Cluster:
    """Pods of runs 0 to n-1, each change with its version, and counts of what was asked."""

    def __init__(self, pods: int) -> None:
        self.version = 1000
        self.pods = [self._pod(number) for number in range(pods)]
        self.counts: dict[str, int] = {}

    def _pod(self, number: int) -> dict[str, Any]:
        self.version += 1
        return {
            "metadata": {
                "name": f"pod-{number}",
                "namespace": "bench",
                "uid": f"uid-{number}",
                "resourceVersion": str(self.version),
                "labels": {RUN: f"{number:032x}"},
            },
            "spec": {"nodeName": "node", "containers": [{"name": "notebook", "image": "x"}]},
            "status": {
                "phase": "Running",
                "containerStatuses": [{"name": "notebook", "state": {"running": {}}}],
            },
        }

    def change(self) -> dict[str, Any]:
        """Touch one pod, and return it."""
        number = self.version % max(1, len(self.pods))
        self.pods[number] = self._pod(number)
        return self.pods[number]


class Handler(BaseHTTPRequestHandler):
    """Answers what a follower asks."""

    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        cluster = self.cluster
        if path.path == "/counts":
            return self._answer(cluster.counts)
        if path.path.endswith("/log"):
            self._count("log")
            return self._text(b"")
        if path.path.endswith("/pods") and "watch=true" in path.query:
            self._count("watch")
            return self._watch()
        if path.path.endswith("/pods"):
            self._count("list")
            metadata = {"resourceVersion": str(cluster.version)}
            return self._answer({"metadata": metadata, "items": cluster.pods})
        return self._answer({})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._count("create")
        self._answer({})

    def _watch(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        until = time.monotonic() + 30
        try:
            while time.monotonic() < until and self.cluster.pods:
                event = {"type": "MODIFIED", "object": self.cluster.change()}
                data = json.dumps(event).encode() + b"\n"
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                time.sleep(1 / CHANGES_A_SECOND)
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    def _answer(self, value: Any) -> None:
        self._text(json.dumps(value).encode())

    def _text(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _count(self, what: str) -> None:
        self.cluster.counts[what] = self.cluster.counts.get(what, 0) + 1

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


if __name__ == "__main__":
    Handler.cluster = Cluster(int(sys.argv[1]))
    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.daemon_threads = True
    print(served.server_address[1], flush=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    sys.stdin.read()
