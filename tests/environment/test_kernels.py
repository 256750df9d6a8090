"""Finding the kernel that a notebook names: refused when it is not there, never replaced."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_modelpack.adapters.kernels import InstalledSpecs, resolve_kernel
from jupyter_modelpack.errors import InvalidInput, NotFound


class Specs:
    """Kernelspecs in memory."""

    def __init__(self, **specs: Any) -> None:
        self.specs = specs

    def get_kernel_spec(self, kernel_name: str) -> Any:
        return self.specs[kernel_name]

    def find_kernel_specs(self) -> Mapping[str, str]:
        return dict.fromkeys(self.specs, "/kernels")


def spec(*argv: str, **changes: Any) -> Any:
    values = {
        "argv": list(argv),
        "display_name": "My kernel",
        "language": "python",
        "env": {},
        "metadata": {},
        "resource_dir": "/kernels/mine",
    }
    return SimpleNamespace(**{**values, **changes})


LAUNCH = ("-m", "ipykernel_launcher", "-f", "{connection_file}")


def test_the_interpreter_is_what_comes_before_the_program() -> None:
    python = sys.executable
    for argv, command in (
        ((python, *LAUNCH), (python,)),
        (("python3", *LAUNCH), (python,)),
        ((python, "-Xfrozen_modules=off", *LAUNCH), (python, "-Xfrozen_modules=off")),
        (("/usr/bin/env", python, *LAUNCH), ("/usr/bin/env", python)),
        ((python, "-c", "import x; x.main()", "-f", "{connection_file}"), (python,)),
        ((python, "{resource_dir}/start.py", "-f", "{connection_file}"), (python,)),
    ):
        kernel = resolve_kernel("mine", specs=Specs(mine=spec(*argv)))
        assert kernel.command == command
        assert (kernel.python, kernel.assumed) == (python, False)


def test_a_wrapper_with_a_python_beside_it_is_accepted(tmp_path: Path) -> None:
    for name in ("xpython", "python"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    argv = (str(tmp_path / "xpython"), "-f", "{connection_file}")
    kernel = resolve_kernel("mine", specs=Specs(mine=spec(*argv)))
    assert kernel.command == (str(tmp_path / "python"),)
    (tmp_path / "python").unlink()
    with pytest.raises(InvalidInput, match="does not show its Python"):
        resolve_kernel("mine", specs=Specs(mine=spec(*argv)))


def test_no_name_means_the_default_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "/data")
    specs = Specs(python3=spec(sys.executable, *LAUNCH, env={"ROOT": "${PLACE}/x"}))
    kernel = resolve_kernel(None, specs=specs)
    assert (kernel.name, kernel.assumed, kernel.env) == ("python3", True, {"ROOT": "/data/x"})


def test_what_cannot_be_used_is_refused() -> None:
    there = Specs(python3=spec(sys.executable, *LAUNCH))
    with pytest.raises(NotFound) as gone:
        resolve_kernel("analysis", specs=there)
    assert gone.value.code == "KERNEL_UNKNOWN" and "python3" in gone.value.advice
    with pytest.raises(NotFound):
        resolve_kernel(None, specs=Specs())
    for bad, sentence in (
        (spec("R", "--slave", language="R"), "runs R and not Python"),
        (spec("bash", language="bash"), "runs bash and not Python"),
        (spec("/no/such/python3", *LAUNCH), "is gone"),
        (spec(), "is gone"),
        (
            spec(
                sys.executable,
                *LAUNCH,
                metadata={"kernel_provisioner": {"provisioner_name": "remote"}},
            ),
            "started by remote",
        ),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            resolve_kernel("mine", specs=Specs(mine=bad, python3=there.specs["python3"]))


def test_an_installed_kernel_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "kernels" / "analysis"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(
        f'{{"argv": ["{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"],'
        ' "display_name": "Analysis", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    kernel = resolve_kernel("analysis")
    assert (kernel.display_name, kernel.command) == ("Analysis", (sys.executable,))
    assert resolve_kernel("Analysis").command == kernel.command
    for name in ("../analysis", "analysis/../analysis", "", "."):
        with pytest.raises(NotFound):
            resolve_kernel(name or "no such kernel")
    for text in ("{", "[]", '{"argv": "python"}'):
        (place / "kernel.json").write_text(text)
        with pytest.raises(InvalidInput, match="cannot be read"):
            resolve_kernel("analysis")


def test_a_kernelspec_is_read_as_jupyter_client_reads_it() -> None:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    manager = KernelSpecManager()
    for name in sorted(manager.find_kernel_specs()):
        theirs, ours = manager.get_kernel_spec(name), InstalledSpecs().get_kernel_spec(name)
        for part in ("display_name", "language", "env", "metadata", "resource_dir"):
            assert getattr(theirs, part) == getattr(ours, part)
        assert list(theirs.argv) == list(ours.argv)
    with pytest.raises(NoSuchKernel):
        InstalledSpecs().get_kernel_spec("no-such-kernel")
