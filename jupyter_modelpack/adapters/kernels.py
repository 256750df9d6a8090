"""Finds the kernel that a notebook names, and the command that starts its Python."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from jupyter_core.paths import jupyter_path

from jupyter_modelpack.errors import InvalidInput, NotFound

DEFAULT_KERNEL = "python3"
_INTERPRETER = re.compile(r"(python|pypy)[0-9.]*t?\Z")


@dataclass(frozen=True)
class KernelSpec:
    """What a ``kernel.json`` says, and the directory it is in."""

    argv: tuple[str, ...]
    display_name: str
    language: str
    env: Mapping[str, str]
    metadata: Mapping[str, Any]
    resource_dir: str


class KernelSpecs(Protocol):
    """The part of jupyter_client's KernelSpecManager that is used."""

    def get_kernel_spec(self, kernel_name: str) -> Any:
        """Return the kernelspec, or raise KeyError; ValueError when it cannot be read."""

    def find_kernel_specs(self) -> Mapping[str, str]:
        """Return the directories of all kernelspecs by name."""


@dataclass(frozen=True)
class Kernel:
    """A Python kernel: ``command`` starts its interpreter, before any argument of a program.

    ``python`` is the interpreter's path where the command shows it. ``assumed`` is set when the
    notebook names no kernel and the default was taken.
    """

    name: str
    display_name: str
    language: str
    argv: tuple[str, ...]
    command: tuple[str, ...]
    python: str | None
    env: Mapping[str, str] = field(default_factory=dict)
    assumed: bool = False


def resolve_kernel(name: str | None, *, specs: KernelSpecs | None = None) -> Kernel:
    """Return the kernel that a notebook names; without a name, the default Python kernel.

    Raises NotFound when no such kernel is installed, and InvalidInput when it is not Python, runs
    on another machine or its interpreter is gone. Another kernel is never taken instead.
    """
    specs = specs or InstalledSpecs()
    wanted = name or DEFAULT_KERNEL
    try:
        spec = specs.get_kernel_spec(wanted)
    except KeyError as error:
        raise _unknown(wanted, name is None, specs) from error
    except ValueError as error:
        raise InvalidInput(
            f"The description of kernel {wanted} cannot be read.",
            field="kernel",
            advice="Choose another kernel for the notebook, or install this one again.",
        ) from error
    display_name = str(spec.display_name or wanted)
    language = str(spec.language or "python").lower()
    if language != "python":
        raise InvalidInput(
            f"The notebook's kernel, {display_name}, runs {spec.language} and not Python.",
            field="kernel",
            advice="Only notebooks with a Python kernel can be packaged.",
            kernel=wanted,
        )
    _refuse_remote(spec, display_name)
    argv = _expanded(spec)
    command = _interpreter_command(argv, display_name)
    return Kernel(
        wanted,
        display_name,
        language,
        argv,
        command,
        command[-1] if len(command) == 1 else _named_python(command),
        {key: os.path.expandvars(value) for key, value in dict(spec.env or {}).items()},
        name is None,
    )


class InstalledSpecs:
    """The kernelspecs in Jupyter's directories, in the order in which jupyter_client looks.

    Importing jupyter_client and IPython takes longer than the rest of the environment step, so a
    kernelspec that is plainly there is read here; whatever else there is to know is asked of them.
    """

    def get_kernel_spec(self, kernel_name: str) -> Any:
        """Return the kernelspec, or raise KeyError; ValueError when it cannot be read."""
        for directory in jupyter_path("kernels"):
            with contextlib.suppress(OSError):
                for name in os.listdir(directory):
                    file = Path(directory, name, "kernel.json")
                    if name.lower() == kernel_name.lower() and file.is_file():
                        return _read_spec(file)
        return self._manager().get_kernel_spec(kernel_name)

    def find_kernel_specs(self) -> Mapping[str, str]:
        """Return the directories of all kernelspecs by name."""
        return self._manager().find_kernel_specs()

    @staticmethod
    def _manager() -> KernelSpecs:
        from jupyter_client.kernelspec import KernelSpecManager

        manager: KernelSpecs = KernelSpecManager()
        return manager


def _read_spec(file: Path) -> KernelSpec:
    told = json.loads(file.read_bytes())
    if not isinstance(told, dict) or not isinstance(told.get("argv"), list):
        raise ValueError(file)
    return KernelSpec(
        tuple(map(str, told["argv"])),
        str(told.get("display_name") or ""),
        str(told.get("language") or ""),
        {key: str(value) for key, value in (told.get("env") or {}).items()},
        told.get("metadata") or {},
        str(file.parent),
    )


def _unknown(wanted: str, assumed: bool, specs: KernelSpecs) -> NotFound:
    installed = ", ".join(sorted(specs.find_kernel_specs())) or "none"
    says = "The notebook names no kernel, and there is no default one." if assumed else ""
    return NotFound(
        "kernel",
        wanted,
        advice=f"{says} Choose one of the installed kernels for the notebook ({installed}),"
        " or install the missing one.".strip(),
        installed=installed,
    )


def _refuse_remote(spec: Any, display_name: str) -> None:
    provisioner = dict(spec.metadata or {}).get("kernel_provisioner") or {}
    name = provisioner.get("provisioner_name", "local-provisioner")
    if name != "local-provisioner":
        raise InvalidInput(
            f"The kernel {display_name} is started by {name}, so its files are not here.",
            field="kernel",
            advice="Choose a kernel that runs on this machine.",
        )


def _expanded(spec: Any) -> tuple[str, ...]:
    """Return the kernelspec's command as jupyter_client would start it."""
    argv = [
        str(part).replace("{resource_dir}", str(spec.resource_dir)).replace("{prefix}", sys.prefix)
        for part in spec.argv
    ]
    version = sys.version_info
    own = {"python", f"python{version[0]}", f"python{version[0]}.{version[1]}"}
    if argv and argv[0] in own:
        argv[0] = sys.executable
    return tuple(argv)


def _interpreter_command(argv: Sequence[str], display_name: str) -> tuple[str, ...]:
    """Return the part of the command that starts Python, without the program it runs."""
    end = next(
        (
            index
            for index, part in enumerate(argv)
            if index and (part in ("-m", "-c") or part.endswith((".py", "{connection_file}")))
        ),
        len(argv),
    )
    command = list(argv[:end])
    while command and command[-1] == "-f":
        command.pop()
    if not command or not (program := shutil.which(command[0])):
        raise InvalidInput(
            f"The Python of kernel {display_name} is gone: {argv[0] if argv else 'nothing'}"
            " is not there any more.",
            field="kernel",
            advice="Choose another kernel for the notebook, or install this one again.",
        )
    command[0] = program
    if any(_INTERPRETER.match(Path(part).name) for part in command):
        return tuple(command)
    beside = Path(program).with_name("python")
    if beside.is_file():
        return (str(beside),)
    raise InvalidInput(
        f"The kernel {display_name} is started by {program}, which does not show its Python.",
        field="kernel",
        advice="Choose a kernel that starts Python directly.",
    )


def _named_python(command: Sequence[str]) -> str | None:
    return next((part for part in command if _INTERPRETER.match(Path(part).name)), None)
