"""Runs of small images at each level of isolation that works here, and the images for them."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from jupyter_modelpack.adapters.sandbox import RunRequest, RunResult, run_image
from jupyter_modelpack.adapters.sandbox.isolation import problem_with
from jupyter_modelpack.adapters.sandbox.request import Level
from tests.adapters.notebook_image import ImageMaker

LEVELS: tuple[Level, ...] = get_args(Level)
# those that start in a moment; the engines are tried where the difference is theirs
QUICK: tuple[Level, ...] = ("bubblewrap", "namespaces", "process")
SEALED: tuple[Level, ...] = ("bubblewrap", "namespaces")


@cache
def maker() -> ImageMaker:
    """Return the maker of images for this session, in a directory that goes away with it."""
    folder = tempfile.mkdtemp(prefix="modelpack-sandbox-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return ImageMaker(Path(folder))


@dataclass
class Ran:
    """A result, and what came while it ran."""

    result: RunResult
    work: Path
    log: list[str] = field(default_factory=list)
    events: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.log)


def run(
    level: str,
    cells: Sequence[Mapping[str, Any]],
    work: Path,
    *,
    image: Mapping[str, Any] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    on_event: Callable[[Mapping[str, Any]], None] = lambda event: None,
    on_log: Callable[[str], None] = lambda text: None,
    **request: Any,
) -> Ran:
    """Package the cells and run them; skips where the level does not work, and says why."""
    require(level)
    images = maker()
    digest = images.image(cells, **(image or {}))
    log: list[str] = []
    events: list[Mapping[str, Any]] = []

    def event(found: Mapping[str, Any]) -> None:
        events.append(found)
        on_event(found)

    def line(text: str) -> None:
        log.append(text)
        on_log(text)

    result = run_image(
        images.layout,
        digest,
        RunRequest(work, **{"time_limit": 60.0, **request}),
        on_event=event,
        on_log=line,
        cancelled=cancelled,
        isolation=level,
    )
    return Ran(result, work, log, events)


def require(level: str) -> None:
    """Skip the test where a level does not work."""
    problem = problem_with(next(known for known in LEVELS if known == level))
    if problem is not None:
        print(f"skipped: {level}: {problem}")
        pytest.skip(f"{level} does not work here: {problem.splitlines()[-1][-200:]}")


def processes_with(marker: str) -> list[int]:
    """Return the processes of this machine that have a text in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and marker.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found
