"""The outputs of one cell, gathered as nbformat 4.5 writes them while the cell runs."""

from __future__ import annotations

import base64
import threading
from typing import Any, Dict, List, Mapping, Optional

TEXT_LIMIT = 8 * 1024 * 1024


class Outputs:
    """Outputs of the cell that runs now; ``update_display`` also reaches those of earlier cells."""

    def __init__(self) -> None:
        self.current: List[Dict[str, Any]] = []
        self._displays: Dict[str, List[Dict[str, Any]]] = {}
        self._clear_next = False
        self._text = 0
        self._lock = threading.RLock()

    def begin(self) -> List[Dict[str, Any]]:
        """Start the outputs of the next cell and return the list that will hold them."""
        with self._lock:
            self.current = []
            self._clear_next = False
            self._text = 0
            return self.current

    def stream(self, name: str, text: str) -> None:
        """Add text to ``stdout`` or ``stderr``; over 8 MiB in a cell only the log has the rest."""
        with self._lock:
            if not text or self._text > TEXT_LIMIT:
                return
            self._cleared()
            self._text += len(text)
            if self._text > TEXT_LIMIT:
                text += "\n[the rest of this cell's output is only in the log]\n"
            last = self.current[-1] if self.current else None
            if last and last["output_type"] == "stream" and last["name"] == name:
                last["text"] += text
            else:
                self.current.append({"output_type": "stream", "name": name, "text": text})

    def display(
        self,
        data: Mapping[str, Any],
        metadata: Optional[Mapping[str, Any]] = None,
        display_id: Optional[str] = None,
        update: bool = False,
        execution_count: Optional[int] = None,
    ) -> None:
        """Add rich output; with ``execution_count`` it is the result of the cell."""
        with self._lock:
            shown = {"data": _jsonable(data), "metadata": dict(metadata or {})}
            if update:
                for output in self._displays.get(display_id or "", ()):
                    output.update(shown)
                return
            self._cleared()
            added: Dict[str, Any] = {"output_type": "display_data", **shown}
            if execution_count is not None:
                added.update(output_type="execute_result", execution_count=execution_count)
            self.current.append(added)
            if display_id:
                self._displays.setdefault(display_id, []).append(added)

    def error(self, ename: str, evalue: str, traceback: List[str]) -> None:
        """Add an exception with its formatted traceback."""
        with self._lock:
            self._cleared()
            self.current.append(
                {
                    "output_type": "error",
                    "ename": ename,
                    "evalue": evalue,
                    "traceback": traceback,
                }
            )

    def clear(self, wait: bool) -> None:
        """Drop what the cell has shown, at once or when the next output comes."""
        with self._lock:
            if wait:
                self._clear_next = True
            else:
                del self.current[:]

    def _cleared(self) -> None:
        if self._clear_next:
            self._clear_next = False
            del self.current[:]


def _jsonable(data: Mapping[str, Any]) -> Dict[str, Any]:
    """Write pictures that came as bytes the way notebooks hold them."""
    return {
        kind: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for kind, value in data.items()
    }
