"""Runs an image of the store in the sandbox, for verification and for people."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from jupyter_modelpack.adapters.sandbox.request import RunRequest, RunResult
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.disk import store_errors
from jupyter_modelpack.oci.layout import Layout

_LEAST_ROOM = 1 << 20


class Order(Protocol):
    """What is asked of a run."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Values by parameter."""

    @property
    def network(self) -> bool:
        """Whether the network may be used."""

    @property
    def work_dir(self) -> Path:
        """Where the run may write."""

    @property
    def settings(self) -> Mapping[str, str]:
        """Environment variables."""

    @property
    def inputs(self) -> Mapping[str, str]:
        """Files of this machine, by the path that the notebook reads."""

    @property
    def time_limit(self) -> float | None:
        """The most seconds."""


class Runner:
    """Runs images in the isolation that is set, with the memory that is set."""

    def __init__(
        self, layout: Layout, cache_dir: Path, *, isolation: str, memory_bytes: int | None
    ) -> None:
        self._layout = layout
        self._cache_dir = cache_dir
        self._isolation = isolation
        self._memory_bytes = memory_bytes

    def run(
        self,
        digest: Digest,
        order: Order,
        on_event: Callable[[Mapping[str, Any]], None],
        on_log: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> RunResult:
        """Run it to its end and return what happened; secret settings are masked in all of it."""
        from jupyter_modelpack.adapters.redaction import RedactedLog, Redaction
        from jupyter_modelpack.adapters.sandbox.results import rewrite_results
        from jupyter_modelpack.adapters.sandbox.runner import run_image

        redaction = Redaction(order.settings)
        log = RedactedLog(redaction, on_log)
        request = RunRequest(
            work_dir=order.work_dir,
            parameters=order.parameters,
            network=order.network,
            time_limit=order.time_limit,
            memory_limit=self._memory_bytes,
            settings=order.settings,
            inputs=order.inputs,
        )
        try:
            result = run_image(
                self._layout,
                digest,
                request,
                on_event=lambda event: on_event(redaction.value(event)),
                on_log=log,
                cancelled=cancelled,
                isolation=self._isolation,
                cache_dir=self._cache_dir,
            )
        finally:
            log.close()
            if redaction:
                rewrite_results(request.work_dir.resolve(), redaction.copy)
        if result.phase == "Errored":
            _check_room(request.work_dir)
        return redaction.result(result)


def _check_room(folder: Path) -> None:
    """Raise StoreError when the disk is full, which is why a run breaks without a word."""
    if shutil.disk_usage(folder).free < _LEAST_ROOM:
        with store_errors(folder):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
