"""A TCP proxy before an API server that refuses, stalls or resets connections when told to."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time


class Proxy:
    """Passes bytes on; ``mode`` is pass, refuse, stall or reset and may change at any time."""

    def __init__(self, host: str, port: int) -> None:
        self.mode = "pass"
        self.connections = 0
        self._target = (host, port)
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def fault(self, mode: str) -> None:
        """Begin a fault; all but a stall break what is open now."""
        self.mode = mode
        if mode in ("refuse", "reset"):
            self._break()

    def close(self) -> None:
        """Stop listening, and break everything off."""
        self._closing = True
        self._listener.close()
        self._break()

    def _break(self) -> None:
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.mode in ("refuse", "reset"):
                here.close()
                continue
            threading.Thread(target=self._serve, args=(here,), daemon=True).start()

    def _serve(self, here: socket.socket) -> None:
        try:
            there = socket.create_connection(self._target, 5)
            there.settimeout(None)
        except OSError:
            here.close()
            return
        self._open |= {here, there}
        other = threading.Thread(target=self._pump, args=(there, here), daemon=True)
        other.start()
        self._pump(here, there)
        other.join()
        for each in (here, there):
            self._open.discard(each)
            each.close()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                while self.mode == "stall" and not self._closing:
                    time.sleep(0.05)
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
