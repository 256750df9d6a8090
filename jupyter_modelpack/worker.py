"""A process of its own for heavy work: ``python -m jupyter_modelpack.worker``.

It reads one order, a line of JSON, from standard input. An order of kind ``inspect`` is followed by
questions, one a line, each of which is answered in a line. Any other is one piece of work from the
ledger: the worker does it, writes what it knows into the ledger as it goes, and tells of each
change in a line of JSON on standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from jupyter_modelpack.errors import BackendUnavailable, ModelPackError, StoreError
from jupyter_modelpack.services.packaging_types import Phase
from jupyter_modelpack.services.work import Work, ended, error_json

_BEAT_SECONDS = 1.0
_QUIET_SECONDS = 0.2
_IDLE_SECONDS = 600.0


def main() -> int:
    """Do what the order says; the exit code is 0 when it is known what became of it."""
    out = _own_stdout()
    sys.excepthook = _report
    threading.excepthook = lambda args: _report(args.exc_type, args.exc_value, args.exc_traceback)
    # Without a buffer, so that waiting for the next line and having read it already never meet.
    lines = os.fdopen(0, "rb", buffering=0, closefd=False)
    line = lines.readline()
    if not line:
        return 0
    order = json.loads(line)
    shop = _opener(order)
    if order["kind"] == "inspect":
        return _inspect(shop, lines, out)
    return _work(order, shop, out)


def _own_stdout() -> IO[bytes]:
    """Keep standard output for reports: what else is printed goes to standard error."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return out


def _opener(order: Mapping[str, Any]) -> Callable[[], Any]:
    module, _, function = str(order["workshop"]).partition(":")

    def open_it() -> Any:
        return getattr(import_module(module), function)(order["data_dir"], order["settings"])

    return open_it


def _report(kind: type[BaseException], error: BaseException | None, trace: Any, *_: object) -> None:
    """Print where an error came from, without its message, which may hold what a notebook says."""
    print("".join(traceback.format_tb(trace)) + kind.__qualname__, file=sys.stderr)


# One build or run


class Desk:
    """Where the work puts what it knows: the ledger, the log, and hints on standard output.

    It notices when the claim on the work is lost or a stop is asked for, and then asks the work
    to stop. Calls never raise: what cannot be written now is written with the next call.
    """

    def __init__(self, table: Any, work: Work, owner: str, writer: Any, out: IO[bytes]) -> None:
        self._table = table
        self._work = work
        self._owner = owner
        self._writer = writer
        self._out = out
        self._saved = 0.0
        self._unsaved: tuple[Mapping[str, Any], str] | None = None
        self._logged: list[str] = []
        self._lock = threading.Lock()
        self.stop = threading.Event()

    def save(self, state: Mapping[str, Any], step: str = "", *, now: bool = True) -> None:
        """Keep the state, at most five times a second unless it must be seen now."""
        with self._lock:
            self._unsaved = (state, step)
            if now or time.monotonic() - self._saved > _QUIET_SECONDS:
                self._flush()

    def log(self, text: str) -> None:
        """Append text to the log, in pieces that are not too small."""
        with self._lock:
            self._logged.append(text)
            if len(self._logged) > 100:
                self._flush_log()

    def bug(self, error: BaseException) -> None:
        """Print where an unexpected error came from; expected ones are in the state."""
        if not isinstance(error, ModelPackError):
            _report(type(error), error, error.__traceback__)

    def flush(self) -> None:
        """Write what is not written yet."""
        with self._lock:
            self._flush_log()
            self._flush()

    def close(self) -> None:
        """Write the rest of the log; the state is not written any more."""
        with self._lock:
            self._unsaved = None
            self._flush_log()

    def tell(self, phase: str, step: str = "") -> None:
        """Hint that something moved; nobody may be listening any more."""
        with contextlib.suppress(OSError):
            self._out.write(json.dumps({"phase": phase, "step": step}).encode() + b"\n")

    def _flush(self) -> None:
        if self._unsaved is None:
            return
        state, step = self._unsaved
        try:
            held = self._table.save(self._work.id, self._owner, state)
        except ModelPackError:
            return
        self._unsaved = None
        self._saved = time.monotonic()
        if held:
            self.tell("Running", step)
        else:
            self.stop.set()

    def _flush_log(self) -> None:
        text, self._logged = "".join(self._logged), []
        with contextlib.suppress(OSError):
            self._writer.write(text)


def _work(order: Mapping[str, Any], shop: Callable[[], Any], out: IO[bytes]) -> int:
    from jupyter_modelpack.adapters.ledger import open_ledger
    from jupyter_modelpack.adapters.log_files import LogFiles

    data_dir, owner = Path(order["data_dir"]), str(order["owner"])
    table = open_ledger(data_dir, order["settings"]).work
    work = table.get(order["kind"], str(order["id"]))
    writer = LogFiles(data_dir / "logs").writer(work.id)
    desk = Desk(table, work, owner, writer, out)
    signal.signal(signal.SIGTERM, lambda *_: desk.stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    done = threading.Event()
    lease = float(order["lease_seconds"])
    beat = threading.Thread(target=_beat, args=(table, work, owner, lease, desk, done), daemon=True)
    beat.start()
    try:
        phase, state = _carry_out(work, shop, data_dir, desk)
    finally:
        done.set()
        beat.join(5.0)
        desk.close()
        writer.close()
    if _finish(table, work, owner, phase, state):
        desk.tell(phase)
    return 0


def _carry_out(
    work: Work, shop: Callable[[], Any], data_dir: Path, desk: Desk
) -> tuple[Phase, dict[str, Any]]:
    from jupyter_modelpack.services.builds import carry_out_build
    from jupyter_modelpack.services.runs import carry_out_run
    from jupyter_modelpack.services.submissions import carry_out_intake

    try:
        opened = shop()
    except Exception as error:
        desk.bug(error)
        return "Errored", ended(work.state, "Errored", error_json(error))
    if work.kind == "build":
        return carry_out_build(work, opened, desk, desk.stop.is_set)
    if work.kind == "intake":
        return carry_out_intake(work, opened, desk, desk.stop.is_set)
    return carry_out_run(work, opened, data_dir / "runs", desk, desk.stop.is_set)


def _beat(
    table: Any, work: Work, owner: str, lease: float, desk: Desk, done: threading.Event
) -> None:
    """Keep the claim alive, hear of stops, and write what waits to be written."""
    while not done.wait(_BEAT_SECONDS):
        try:
            held, stop = table.renew(work.id, owner, time.time() + lease)
        except ModelPackError:
            continue
        if stop or not held:
            desk.stop.set()
        if held:
            desk.flush()


def _finish(table: Any, work: Work, owner: str, phase: Phase, state: Mapping[str, Any]) -> bool:
    """Write the end; a ledger that cannot be written for a moment is tried again for a while."""
    for pause in (0.2, 0.5, 1.0, 2.0, 5.0):
        with contextlib.suppress(StoreError, BackendUnavailable):
            return bool(table.finish(work.id, owner, phase, state, time.time()))
        time.sleep(pause)
    return bool(table.finish(work.id, owner, phase, state, time.time()))


# Inspections


def _inspect(shop: Callable[[], Any], lines: IO[bytes], out: IO[bytes]) -> int:
    """Answer questions until there are no more, or none comes for ten minutes."""
    opened = shop()
    with selectors.DefaultSelector() as selector:
        selector.register(lines, selectors.EVENT_READ)
        while selector.select(_IDLE_SECONDS):
            line = lines.readline()
            if not line:
                break
            answer = _answer(opened, json.loads(line)["path"])
            with os.fdopen(os.dup(out.fileno()), "wb") as buffered:
                buffered.write(json.dumps(answer).encode() + b"\n")
    return 0


def _answer(opened: Any, path: str) -> dict[str, Any]:
    try:
        return {"inspection": opened.survey(path)}
    except Exception as error:
        if not isinstance(error, ModelPackError):
            _report(type(error), error, error.__traceback__)
        return {"error": {**error_json(error), "kind": type(error).__name__}}


if __name__ == "__main__":
    raise SystemExit(main())
