"""A process that inspects notebooks, so that a hostile one can neither block nor break a server."""

from __future__ import annotations

import contextlib
import json
import selectors
import subprocess
import threading
import time
from collections.abc import Mapping
from typing import Any

from jupyter_modelpack import errors
from jupyter_modelpack.adapters.worker_pool import WorkerSpec
from jupyter_modelpack.errors import BackendError, ModelPackError


class InspectorProcess:
    """Asks one process, which is started when it is first needed and again when it is gone."""

    def __init__(self, spec: WorkerSpec, *, seconds: float = 60.0) -> None:
        self._spec = spec
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def survey(self, path: str) -> dict[str, Any]:
        """Return the inspection of a notebook as JSON; raises what an inspection raises.

        BackendError means that it took longer than the limit or broke the process.
        """
        answer = self._ask({"path": path})
        if "error" in answer:
            raise error_from(answer["error"])
        found: dict[str, Any] = answer["inspection"]
        return found

    def close(self) -> None:
        """End the process."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()
        with self._lock:
            self._end()

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            for attempt in (1, 2):
                process = self._running()
                assert process.stdin is not None
                try:
                    process.stdin.write(json.dumps(question).encode() + b"\n")
                    process.stdin.flush()
                    line = self._line(process)
                except OSError:
                    line = b""
                if line:
                    answer: dict[str, Any] = json.loads(line)
                    return answer
                timed_out = process.poll() is None
                self._end()
                if timed_out or attempt == 2 or self._closed:
                    break
            raise BackendError(
                "This notebook could not be inspected in time."
                if timed_out
                else "The process that inspects notebooks was ended from outside.",
                advice="Try again; a notebook with very large outputs is quicker without them.",
            )

    def _line(self, process: subprocess.Popen[bytes]) -> bytes:
        """Return one line of answer, or nothing when none comes in time or the process is gone."""
        assert process.stdout is not None
        until = time.monotonic() + self._seconds
        parts: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while selector.select(max(0.0, until - time.monotonic())):
                part = process.stdout.read1(1 << 20)  # type: ignore[attr-defined]
                parts.append(part)
                if not part:
                    return b""
                if part.endswith(b"\n"):
                    return b"".join(parts)
        return b""

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        process = self._spec.start()
        self._process = process
        assert process.stdin is not None
        process.stdin.write(self._spec.order(kind="inspect"))
        process.stdin.flush()
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stdout.close()
        process.wait()


def error_from(said: Mapping[str, Any]) -> ModelPackError:
    """Return the error that another process wrote down."""
    kind = getattr(errors, str(said.get("kind")), BackendError)
    if not (isinstance(kind, type) and issubclass(kind, ModelPackError)):
        kind = BackendError
    error = kind.__new__(kind)
    ModelPackError.__init__(
        error, said["message"], advice=said["advice"], **dict(said.get("details", {}))
    )
    error.code = said["code"]
    return error
