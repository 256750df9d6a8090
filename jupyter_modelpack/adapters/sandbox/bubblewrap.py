"""Isolation by bubblewrap: user, mount, process and network namespaces, no setuid helper needed."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cached_property
from pathlib import Path

from jupyter_modelpack.adapters.sandbox.container import USER, Container, Running, supervised
from jupyter_modelpack.adapters.sandbox.request import Isolation

_SHM_BYTES = 1 << 30
_TRY = "--unshare-all --ro-bind / / --proc /proc --ro-bind /proc/sys /proc/sys --dev /dev -- true"


class Bubblewrap:
    """Starts a container with ``bwrap``."""

    isolation = Isolation(
        "bubblewrap",
        True,
        "Kept apart by bubblewrap: it saw its own folder and nothing else.",
    )

    def __init__(self, program: str | None = None) -> None:
        self._program = program or shutil.which("bwrap") or ""

    def problem(self) -> str | None:
        """Return why bwrap cannot be used here, or None."""
        if not self._program:
            return "bubblewrap is not installed"
        done = subprocess.run(
            [self._program, *_TRY.split()],
            capture_output=True,
            timeout=20,
            stdin=subprocess.DEVNULL,
        )
        return None if done.returncode == 0 else done.stderr.decode("utf-8", "replace").strip()

    def start(self, container: Container, log: int) -> Running:
        """Start bwrap; all arguments but the command go through a pipe, so that none is seen."""
        read, write = os.pipe()
        try:
            words = "\0".join(self._arguments(container)) + "\0"
            os.set_inheritable(read, True)
            process = subprocess.Popen(
                [self._program, "--args", str(read), "--", *container.argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.defpath},
                pass_fds=(read,),
                start_new_session=True,
            )
        except BaseException:
            os.close(write)
            raise
        finally:
            os.close(read)
        with os.fdopen(write, "wb") as stream:
            stream.write(words.encode("utf-8", "surrogateescape"))
        return supervised(process, depth=2)

    def _arguments(self, container: Container) -> list[str]:
        words = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        words += ["--unshare-user", "--uid", str(USER), "--gid", str(USER)]
        words += self._options
        words += ["--hostname", "modelpack", "--clearenv"]
        words += ["--ro-bind", str(container.root.base), "/"]
        for place, source in container.root.over.items():
            words += ["--ro-bind", str(source), f"/{place}"]
        # a user of the namespace who is root outside could write the kernel's settings
        words += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
        words += ["--remount-ro", "/dev"]
        words += ["--size", str(_SHM_BYTES), "--tmpfs", "/dev/shm"]
        words += ["--bind", str(container.tmp), "/tmp", "--bind", str(container.work), "/work"]
        for place, source in container.inputs.items():
            words += ["--ro-bind", str(source), f"/work/{place}"]
        if container.network:
            words += ["--share-net"]
            for name in ("resolv.conf", "hosts"):
                if Path("/etc", name).exists():
                    words += ["--ro-bind", str(Path("/etc", name).resolve()), f"/etc/{name}"]
        for name, value in container.env.items():
            words += ["--setenv", name, value]
        return [*words, "--chdir", "/work"]

    @cached_property
    def _options(self) -> list[str]:
        """Options that only newer versions have."""
        done = subprocess.run([self._program, "--help"], capture_output=True, text=True, timeout=20)
        return ["--disable-userns"] if "--disable-userns" in done.stdout + done.stderr else []
