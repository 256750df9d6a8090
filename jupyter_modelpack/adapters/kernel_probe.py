"""Asks a kernel's own interpreter what it is, and remembers the answer while nothing changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.host_files import HostFiles
from jupyter_modelpack.adapters.kernels import Kernel
from jupyter_modelpack.environment.distributions import complete, module_directories
from jupyter_modelpack.environment.facts import Facts
from jupyter_modelpack.environment.probe import PROGRAM, read_answer
from jupyter_modelpack.errors import Aborted, BackendError, InvalidInput

_OLDEST = (3, 8)
_RACY_NS = 2_000_000_000
# Variables that only change what the interpreter prints or asks, and would disturb the answer.
_NOISY = ("PYTHONINSPECT", "PYTHONVERBOSE", "PYTHONPROFILEIMPORTTIME", "PYTHONSTARTUP")

Stamp = tuple[str, int, int, int]


def probe_kernel(
    kernel: Kernel,
    *,
    cache_dir: Path | None = None,
    timeout: float = 30.0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Facts:
    """Return what the kernel's interpreter is and has.

    Raises InvalidInput when its Python is gone or too old, BackendError when it breaks or takes
    longer than ``timeout`` seconds, and Aborted when ``cancelled`` says so.
    """
    kept = cache_dir / f"{_key(kernel)}.json" if cache_dir else None
    if kept is not None:
        facts = _remembered(kept)
        if facts is not None:
            return facts
    answer = _ask(kernel, (), timeout, cancelled)
    if tuple(map(int, str(answer["python_version"]).split("."))) < _OLDEST:
        raise _too_old(kernel)
    facts = complete(answer, HostFiles())
    facts = _with_hidden_sources(facts, kernel, timeout, cancelled)
    if kept is not None:
        _remember(kept, facts)
    return facts


def _ask(
    kernel: Kernel, names: Sequence[str], timeout: float, cancelled: Callable[[], bool]
) -> Mapping[str, Any]:
    environment = {k: v for k, v in {**os.environ, **kernel.env}.items() if k not in _NOISY}
    command = [*kernel.command, "-B", str(PROGRAM), *names]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise InvalidInput(
            f"The kernel {kernel.display_name} cannot be started: {command[0]} is not there"
            " or cannot be run.",
            field="kernel",
            advice="Choose another kernel for the notebook, or install this one again.",
        ) from error
    with process:
        try:
            output, errors = _communicate(process, kernel, timeout, cancelled)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode != 0:
        raise _broken(kernel, errors)
    return read_answer(output)


def _communicate(
    process: subprocess.Popen[bytes],
    kernel: Kernel,
    timeout: float,
    cancelled: Callable[[], bool],
) -> tuple[str, str]:
    deadline = time.monotonic() + timeout
    while True:
        if cancelled():
            raise Aborted("Packaging was stopped.")
        try:
            output, errors = process.communicate(timeout=0.1)
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                raise BackendError(
                    f"The Python of kernel {kernel.display_name} did not answer within"
                    f" {timeout:.0f} seconds.",
                    advice="Look at what runs at its start: sitecustomize and .pth files.",
                ) from None
            continue
        return output.decode("utf-8", "replace"), errors.decode("utf-8", "replace")


def _broken(kernel: Kernel, errors: str) -> Exception:
    last = next((line for line in reversed(errors.splitlines()) if line.strip()), "")
    if "SyntaxError" in last or "has no attribute" in last:
        return _too_old(kernel)
    return BackendError(
        f"The Python of kernel {kernel.display_name} stopped with an error: {last[:200]}",
        advice="Start the kernel once in JupyterLab to see whether it works.",
    )


def _too_old(kernel: Kernel) -> InvalidInput:
    return InvalidInput(
        f"The kernel {kernel.display_name} has a Python that is too old to be packaged.",
        field="kernel",
        advice="Choose a kernel with Python 3.8 or newer.",
    )


def _with_hidden_sources(
    facts: Facts, kernel: Kernel, timeout: float, cancelled: Callable[[], bool]
) -> Facts:
    """Ask the interpreter itself where editable installs are that hide behind an import hook."""
    hidden = [d for d in facts.distributions if d.editable and not d.sources]
    if not hidden:
        return facts
    names = {d.key: d.key.replace("-", "_") for d in hidden}
    places = _ask(kernel, sorted(names.values()), timeout, cancelled)
    found = {}
    for distribution in hidden:
        name = names[distribution.key]
        place = places.get(name)
        if place:
            path = _package_place(place)
            found[distribution.key] = replace(distribution, roots=(name,), sources={name: path})
    return replace(
        facts,
        distributions=tuple(found.get(d.key, d) for d in facts.distributions),
        modules={
            **facts.modules,
            **{root: path for d in found.values() for root, path in d.sources.items()},
        },
    )


def _package_place(place: Mapping[str, Any]) -> str:
    """Return the directory of a package, or the file of a module, that an import hook found."""
    origin = str(place["origin"] or "")
    if origin.endswith("/__init__.py"):
        return origin.removesuffix("/__init__.py")
    return str((place["directories"] or [origin])[0])


def _key(kernel: Kernel) -> str:
    told = sorted(kernel.env.items()) + sorted(
        (name, value)
        for name, value in os.environ.items()
        if name.startswith(("PYTHON", "CONDA")) or name in ("HOME", "PATH", "VIRTUAL_ENV")
    )
    made = max(path.stat().st_mtime_ns for path in PROGRAM.parent.glob("*.py"))
    text = json.dumps([kernel.command, told, made])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _stamps(facts: Facts) -> list[Stamp]:
    """Return what changes when the interpreter, its path or a distribution on it changes."""
    paths = {facts.executable, facts.program, f"{facts.prefix}/pyvenv.cfg", facts.stdlib}
    directories = {*module_directories(facts), *facts.site_directories}
    paths |= directories
    for directory in directories:
        paths.update(
            f"{directory}/{entry.name}"
            for entry in HostFiles().list(directory)
            if entry.name.endswith((".pth", ".egg-link", "_finder.py"))
        )
    return [_stamp(path) for path in sorted(paths)]


def _stamp(path: str) -> Stamp:
    try:
        info = os.stat(path)
    except OSError:
        return (path, 0, 0, 0)
    return (path, info.st_mtime_ns, info.st_ino, info.st_size)


def _remembered(kept: Path) -> Facts | None:
    try:
        data = json.loads(kept.read_bytes())
        stamps = [tuple(stamp) for stamp in data["stamps"]]
        if any(_stamp(stamp[0]) != stamp for stamp in stamps):
            return None
        return Facts.from_json(data["facts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(kept: Path, facts: Facts) -> None:
    """Keep the facts, unless something changed so lately that its stamp may not show it."""
    stamps = _stamps(facts)
    if any(time.time_ns() - stamp[1] < _RACY_NS for stamp in stamps):
        return
    text = json.dumps({"stamps": stamps, "facts": facts.to_json()})
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".tmp-") as place:
            made = Path(place, kept.name)
            made.write_text(text)
            made.replace(kept)
