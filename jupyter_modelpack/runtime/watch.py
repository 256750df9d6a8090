"""What the notebook does beyond its own directory, seen by Python's audit events.

Only what passes through Python is seen; a sandbox is what keeps the rest out.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any, Callable, Dict, List, Optional, Tuple

_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FREE = ("/tmp", "/var/tmp", "/dev", "/proc/self")
_MOST = 200
_MOST_READ = 1000


class Watch:
    """Records writes outside ``work`` and network addresses, each with the cell that did it.

    ``reads`` are the files below ``mounts`` that were opened, and that the run did not write.
    """

    def __init__(
        self,
        work: str,
        links: Dict[str, str],
        free: Tuple[str, ...] = (),
        mounts: Tuple[str, ...] = (),
    ) -> None:
        self.reads: Dict[str, None] = {}
        self._mounts = mounts
        self._written: Dict[str, None] = {}
        self.cell: Optional[int] = None
        self.writes_outside: List[Dict[str, Any]] = []
        self.network: List[Dict[str, Any]] = []
        self._work = os.path.realpath(work)
        self._links = links
        self._free = tuple(os.path.realpath(path) for path in free) + _FREE
        self._process = os.getpid()
        self._busy = False
        self._handlers: Dict[str, Callable[[Tuple[Any, ...]], None]] = {
            "open": self._open,
            "sqlite3.connect": self._database,
            "os.mkdir": self._mkdir,
            "os.remove": lambda given: self._write(given[0]),
            "os.rmdir": lambda given: self._write(given[0]),
            "os.truncate": lambda given: self._write(given[0]),
            "os.rename": lambda given: self._both(given[0], given[1]),
            "os.link": lambda given: self._write(given[1]),
            "os.symlink": lambda given: self._write(given[1]),
            "socket.connect": lambda given: self._address(given[1]),
            "socket.sendto": lambda given: self._address(given[1]),
            "socket.getaddrinfo": lambda given: self._host(given[0]),
            "socket.gethostbyname": lambda given: self._host(given[0]),
        }

    def start(self) -> None:
        """Begin to watch; Python has no way to stop."""
        sys.addaudithook(self._hook)

    def _hook(self, event: str, given: Tuple[Any, ...]) -> None:
        handler = self._handlers.get(event)
        if handler is None or self.cell is None or self._busy:
            return
        if os.getpid() != self._process:
            return
        self._busy = True
        try:
            handler(given)
        except Exception:  # watching must never change what the notebook does
            pass
        finally:
            self._busy = False

    def _open(self, given: Tuple[Any, ...]) -> None:
        path, mode, flags = given
        writes = any(c in mode for c in "wax+") if isinstance(mode, str) else flags & _WRITE_FLAGS
        if isinstance(path, int):
            return
        if writes:
            self._written[os.path.abspath(os.fsdecode(path))] = None
            self._own_copy(path, isinstance(mode, str) and "w" in mode)
            self._write(path)
        else:
            self._read(path)

    def _database(self, given: Tuple[Any, ...]) -> None:
        self._read(given[0])
        self._write(given[0])

    def _read(self, path: Any) -> None:
        if not self._mounts or isinstance(path, int) or len(self.reads) > _MOST_READ:
            return
        place = os.path.abspath(os.fsdecode(path))
        if place not in self._written and any(_within(place, each) for each in self._mounts):
            self.reads[place] = None

    def _mkdir(self, given: Tuple[Any, ...]) -> None:
        if not os.path.isdir(given[0]):
            self._write(given[0])

    def _own_copy(self, path: Any, truncated: bool) -> None:
        """Replace a link to a large packaged file by an own one before it is written."""
        absolute = os.path.abspath(os.fsdecode(path))
        target = self._links.pop(absolute, None)
        if target is None or not os.path.islink(absolute):
            return
        os.unlink(absolute)
        if not truncated:
            shutil.copyfile(target, absolute)
            os.chmod(absolute, 0o644)

    def _both(self, old: Any, new: Any) -> None:
        self._write(old)
        self._write(new)

    def _write(self, path: Any) -> None:
        if isinstance(path, int) or path in (":memory:", b":memory:", "", b""):
            return
        shown = os.fsdecode(path)
        if shown.startswith("file:") and ":memory:" in shown:
            return
        folder, name = os.path.split(os.path.abspath(shown))
        real = os.path.join(os.path.realpath(folder), name)
        if not any(_within(real, place) for place in (self._work, *self._free)):
            self._note(self.writes_outside, {"cell": self.cell, "path": shown})

    def _address(self, address: Any) -> None:
        if isinstance(address, tuple) and len(address) >= 2:
            self._host(address[0])

    def _host(self, host: Any) -> None:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if not isinstance(name, str) or not name or _local(name):
            return
        self._note(self.network, {"cell": self.cell, "host": name})

    @staticmethod
    def _note(entries: List[Dict[str, Any]], entry: Dict[str, Any]) -> None:
        if entry not in entries and len(entries) < _MOST:
            entries.append(entry)


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")


def _local(host: str) -> bool:
    return (
        host in ("localhost", "::1", "::", "0.0.0.0", "localhost.localdomain")
        or host.startswith("127.")
        or host == os.uname().nodename
    )
