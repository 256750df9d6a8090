"""Isolation by a container engine: podman, straight from the unpacked files, or docker."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import BinaryIO, cast

from jupyter_modelpack.adapters.sandbox import processes
from jupyter_modelpack.adapters.sandbox.container import USER, Container, Root, Running
from jupyter_modelpack.adapters.sandbox.request import Isolation
from jupyter_modelpack.adapters.sandbox.results import FOLDER
from jupyter_modelpack.errors import BackendError

_MOST_PROCESSES = 4096
_SHM = "1g"
_NOT_FOUND = 127
_SECONDS = 60.0


class Podman:
    """Starts a container with podman, rootless where the user is not root."""

    isolation = Isolation(
        "podman",
        True,
        "Kept apart by podman: it saw its own folder and nothing else.",
    )

    def __init__(self, program: str = "podman") -> None:
        self._program = program

    def problem(self) -> str | None:
        """Return why podman cannot run a container here, or None."""
        if shutil.which(self._program) is None:
            return f"{self._program} is not installed"
        with tempfile.TemporaryDirectory(prefix="modelpack-try-") as folder:
            base = Path(folder)
            for name in ("dev", "etc", "proc", "root", "tmp", "work"):
                (base / name).mkdir()
            # the program that is started does not exist, so only the way to it is tried
            container = Container(
                Root(base / "root"), ("/probe",), {}, base / "work", base / "tmp", "modelpack-try"
            )
            done = _quiet(self._command(container, f"modelpack-try-{os.getpid()}"))
        said = done.stderr.decode("utf-8", "replace").strip()
        return None if done.returncode == _NOT_FOUND else said[-300:] or "no answer"

    def start(self, container: Container, log: int) -> Running:
        """Start the container; its id file tells which processes are its own."""
        pid_file = container.tmp.parent / f"{container.tmp.name}.pid"
        command = self._command(container, container.name, ["--pidfile", str(pid_file)])
        return _running(self._program, command, container, log, pid_file)

    def _command(self, container: Container, name: str, more: Sequence[str] = ()) -> list[str]:
        words = [self._program, "--log-level", "error", "run", "--log-driver", "none"]
        words += [*_limits(container, name), *more, "--read-only-tmpfs=false"]
        words += ["--security-opt", "label=disable"]
        if os.geteuid() != 0:
            words += ["--userns", f"keep-id:uid={USER},gid={USER}"]
        words += ["--user", f"{USER}:{USER}"]
        for place, source in container.root.over.items():
            words += ["--volume", f"{source}:/{place}:ro"]
        words += ["--rootfs", f"{container.root.base}:O", *container.argv]
        return words


class Docker:
    """Starts a container with docker, which is given the image first."""

    isolation = Isolation(
        "docker",
        True,
        "Kept apart by docker: it saw its own folder and nothing else.",
    )

    def __init__(self, program: str = "docker") -> None:
        self._program = program

    def problem(self) -> str | None:
        """Return why docker cannot run a container here, or None."""
        if shutil.which(self._program) is None:
            return f"{self._program} is not installed"
        if os.environ.get("DOCKER_HOST", "unix:").split(":")[0] not in ("unix", "npipe"):
            return "its engine is on another machine"
        done = _quiet([self._program, "version", "--format", "{{.Server.Version}}"])
        said = done.stderr.decode("utf-8", "replace").strip()
        return None if done.returncode == 0 and done.stdout.strip() else said[-300:] or "no answer"

    def start(self, container: Container, log: int) -> Running:
        """Load the image unless the engine has it, then start the container."""
        image = str(container.image)
        if _quiet([self._program, "image", "inspect", image]).returncode != 0:
            self._load(container)
        owner = f"{os.geteuid()}:{os.getegid()}" if os.geteuid() else f"{USER}:{USER}"
        words = [self._program, "run", *_limits(container, container.name)]
        words += ["--user", owner, "--entrypoint", container.argv[0], image, *container.argv[1:]]
        return _running(self._program, words, container, log, None)

    def _load(self, container: Container) -> None:
        if container.archive is None:
            raise BackendError("The image cannot be given to docker.")
        process = subprocess.Popen(
            [self._program, "load", "--quiet"], stdin=PIPE, stdout=DEVNULL, stderr=PIPE
        )
        assert process.stdin is not None
        assert process.stderr is not None
        with suppress(BrokenPipeError), process.stdin as stream:
            container.archive(cast(BinaryIO, stream))
        said = process.stderr.read().decode("utf-8", "replace").strip()
        process.stderr.close()
        if process.wait() != 0:
            raise BackendError(
                f"Docker did not take the image: {said[-300:]}",
                advice="Look whether the engine has enough space.",
            )


def _limits(container: Container, name: str) -> list[str]:
    words = ["--rm", "--name", name, "--read-only", "--cap-drop", "ALL", "--shm-size", _SHM]
    words += ["--security-opt", "no-new-privileges", "--pids-limit", str(_MOST_PROCESSES)]
    words += ["--network", "bridge" if container.network else "none", "--workdir", "/work"]
    if container.memory_limit is not None:
        words += ["--memory", str(container.memory_limit)]
    words += ["--volume", f"{container.tmp}:/tmp", "--volume", f"{container.work}:/work"]
    for place, source in container.inputs.items():
        words += ["--volume", f"{source}:/work/{place}:ro"]
    for variable, value in container.env.items():
        # a setting may be a secret, and other users see a command line
        secret = variable in container.settings
        words += ["--env", variable if secret else f"{variable}={value}"]
    return words


def _running(
    program: str, command: list[str], container: Container, log: int, pid_file: Path | None
) -> Running:
    if os.geteuid() == 0:
        for folder in (container.work, container.work / FOLDER, container.tmp):
            folder.chmod(0o777)  # the run has a numeric user of its own there
    settings = {name: container.env[name] for name in container.settings}
    process = subprocess.Popen(
        command,
        stdin=DEVNULL,
        stdout=log,
        stderr=log,
        env={**os.environ, **settings},
        start_new_session=True,
        cwd=container.tmp.parent,  # podman's monitor leaves a file there when memory runs out
    )

    def kill() -> None:
        if process.poll() is None:
            _quiet([program, "kill", container.name])  # rm alone would ask first, and wait
            _quiet([program, "rm", "--force", container.name])
            processes.kill_tree(process)

    def members() -> list[int]:
        with suppress(OSError, ValueError, TypeError):
            return processes.tree(int(pid_file.read_text())) if pid_file else []
        return []

    def stop() -> None:
        _quiet([program, "kill", "--signal", "TERM", container.name])

    return Running(process, stop, kill, members)


def _quiet(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, stdin=DEVNULL, capture_output=True, timeout=_SECONDS)
