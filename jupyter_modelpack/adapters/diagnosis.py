"""What this machine can do for packaging: each check is one sentence and, if it failed, advice."""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol


class Isolation(Protocol):
    """How runs are kept apart on this machine."""

    @property
    def name(self) -> str:
        """Such as ``bubblewrap``."""

    @property
    def sealed(self) -> bool:
        """Whether a run has no network and a read-only root."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``needed`` says that packaging cannot do without it."""

    name: str
    ok: bool
    needed: bool
    sentence: str
    advice: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return asdict(self)


def diagnose(data_dir: Path, isolation: Isolation) -> tuple[Check, ...]:
    """Look at platform, disk, isolation, kernels and the optional Kubeflow packages."""
    return (_platform(), _python(), _disk(data_dir), _isolation(isolation), _kernel(), *_kubeflow())


def _platform() -> Check:
    system = platform.system()
    return Check(
        "platform",
        system == "Linux",
        True,
        f"{system} on {platform.machine()}.",
        "Images are captured on Linux; use a Linux JupyterLab, or --source base when it comes.",
    )


def _python() -> Check:
    version = platform.python_version()
    return Check("python", sys.version_info >= (3, 10), True, f"The server runs Python {version}.")


def _disk(data_dir: Path) -> Check:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(data_dir).free
    except OSError as error:
        sentence = f"Packages cannot be kept in {data_dir}: {error.strerror}."
        return Check("disk", False, True, sentence, "Choose another folder with --data-dir.")
    gigabytes = free / 1e9
    return Check(
        "disk",
        gigabytes >= 2,
        True,
        f"Packages are kept in {data_dir}, {gigabytes:.1f} GB free.",
        "An image needs about 0.5 GB twice; free some with: jupyter modelpack store gc",
    )


def _isolation(isolation: Isolation) -> Check:
    return Check(
        "isolation",
        isolation.sealed,
        False,
        f"Runs are kept apart by {isolation.name}, "
        + ("sealed: no network, read-only." if isolation.sealed else "which does not seal them."),
        "Install bubblewrap or podman, or allow user namespaces, for sealed runs.",
    )


def _kernel() -> Check:
    from jupyter_client.kernelspec import KernelSpecManager

    names = sorted(KernelSpecManager().find_kernel_specs())
    return Check(
        "kernels",
        bool(names),
        True,
        f"Kernels: {', '.join(names)}." if names else "No Jupyter kernel is installed.",
        "Install one: pip install ipykernel",
    )


def _kubeflow() -> tuple[Check, ...]:
    return tuple(
        Check(
            name,
            find_spec(name) is not None,
            False,
            f"The package {name} is {'there' if find_spec(name) else 'not installed'}: {use}.",
            "pip install 'jupyter-modelpack[kubeflow]'",
        )
        for name, use in (
            ("kfp", "it compiles the Kubeflow pipeline"),
            ("kubernetes", "it checks the Kubernetes job"),
        )
    )
