"""What a run leaves behind: events as they happen, the result, and the executed notebook."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Any, Dict, Optional

from .report import Report


class Recorder:
    """Writes into ``output``; files other than the events appear whole or not at all."""

    def __init__(
        self, output: Path, notebook: Dict[str, Any], report: Optional[Report] = None
    ) -> None:
        output.mkdir(parents=True, exist_ok=True)
        self.output = output
        self._report = report
        self.notebook = notebook
        self._lock = threading.RLock()
        self._saved = 0.0
        self._cost = 0.0
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        self._events = os.open(str(output / "events.jsonl"), flags, 0o644)
        for name in ("result.json", "executed.ipynb"):
            if (output / name).exists():
                (output / name).unlink()

    def event(self, kind: str, **facts: Any) -> None:
        """Append one event; a full disk loses events, not the run."""
        line = dumped({"event": kind, **facts}) + "\n"
        with self._lock, contextlib.suppress(OSError):
            os.write(self._events, line.encode("utf-8"))
        if self._report is not None:
            self._report.event(line)

    def save_notebook(self, always: bool = True) -> None:
        """Write the executed notebook; with ``always=False`` only when that costs little."""
        begun = time.monotonic()
        if not always and begun - self._saved < max(0.5, 20 * self._cost):
            return
        self.write(self.output / "executed.ipynb", dumped(self.notebook, indent=1) + "\n")
        self._saved = time.monotonic()
        self._cost = self._saved - begun

    def write_result(self, result: Dict[str, Any]) -> None:
        """Write what came out, and tell the cluster where there is one."""
        text = dumped(result, indent=1)
        self.write(self.output / "result.json", text + "\n")
        if self._report is not None:
            self._report.finish(self.output, json.loads(text))

    def write(self, path: Path, text: str) -> None:
        """Write a file whole or not at all."""
        with self._lock:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.parent / ".{}.{}".format(path.name, os.getpid())
            try:
                temporary.write_text(text, encoding="utf-8")
                os.replace(str(temporary), str(path))
            except BaseException:
                if temporary.exists():
                    temporary.unlink()
                raise


def dumped(value: Any, indent: Any = None) -> str:
    """Return JSON, with text in place of what JSON cannot hold."""
    try:
        return json.dumps(value, indent=indent, default=str, allow_nan=False)
    except (RuntimeError, ValueError, TypeError):
        # a thread of the notebook still adds outputs, or there is a NaN or an odd key
        return json.dumps(_finite(value), indent=indent, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in list(value.items())}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in list(value)]
    if isinstance(value, float) and value - value != 0.0:
        return str(value)
    return value
