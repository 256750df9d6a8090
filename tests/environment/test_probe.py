"""The probe on real interpreters: what it says, what it costs, and how it fails."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.kernel_probe import probe_kernel
from jupyter_modelpack.adapters.kernels import Kernel
from jupyter_modelpack.environment.facts import Facts
from jupyter_modelpack.errors import Aborted, BackendError, InvalidInput

KernelOf = Callable[..., Kernel]


def old(path: Path) -> None:
    """Make everything below look as if it had not changed for a while."""
    past = time.time() - 3600
    for place in [path, *path.rglob("*")]:
        os.utime(place, (past, past), follow_symlinks=False)


def test_every_interpreter_answers(interpreter: Path, kernel_of: KernelOf) -> None:
    start = time.perf_counter()
    facts = probe_kernel(kernel_of(interpreter))
    seconds = time.perf_counter() - start
    found = f"{len(facts.distributions)} distributions, {len(facts.stdlib_modules)} modules"
    print(f"Python {facts.python_version}: {found}, {seconds * 1000:.0f} ms")
    assert interpreter.name == "python3" or f"python{facts.version}" == interpreter.name
    assert (facts.language, facts.implementation) == ("python", "cpython")
    assert Path(facts.program).is_file() and Path(facts.stdlib, "os.py").is_file()
    assert not any(facts.missing(name) for name in ("sys", "os", "json", "email.mime", "math"))
    assert facts.missing("no_such_module") and facts.missing("no_such.module")
    assert facts.markers["python_version"] == facts.version
    assert Facts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


def test_a_venv_is_itself_and_not_its_base(
    few_interpreters: Path,
    kernel_of: KernelOf,
    venv: Callable[..., Path],
    site_of: Callable[[Path], Path],
    wheel: Callable[..., dict[str, str]],
    install: Callable[..., None],
) -> None:
    python = venv(few_interpreters)
    install(site_of(python), wheel("Demo-Pkg", {"demo_pkg/__init__.py": "", "demo.py": ""}))
    before = sorted(str(path) for path in python.parent.parent.rglob("*"))
    facts = probe_kernel(kernel_of(python))
    assert sorted(str(path) for path in python.parent.parent.rglob("*")) == before
    assert [d.key for d in facts.distributions] == ["demo-pkg"]
    assert facts.distributions[0].roots == ("demo", "demo_pkg")
    assert facts.prefix == str(python.parent.parent) and facts.base_prefix != facts.prefix
    assert not Path(facts.program).is_symlink() and not facts.program.startswith(facts.prefix)


def test_the_path_is_that_of_a_kernel(
    kernel_of: KernelOf, venv: Callable[..., Path], interpreter: Path, tmp_path: Path
) -> None:
    (tmp_path / "added").mkdir()
    (tmp_path / "added" / "on_the_path.py").write_text("")
    noisy = tmp_path / "noisy"
    noisy.mkdir()
    (noisy / "sitecustomize.py").write_text("print('modelpack-probe:{\"not\": 1'); print('hello')")
    paths = f"{noisy}:{tmp_path / 'added'}"
    user = tmp_path / "user"
    facts = probe_kernel(
        kernel_of(interpreter, env={"PYTHONPATH": paths, "PYTHONUSERBASE": str(user)})
    )
    assert not facts.missing("on_the_path")
    assert facts.missing("probe_program"), "the probe's own folder must not count"
    assert any(place.startswith(str(user)) for place in facts.site_directories)


def test_the_cache_answers_until_something_changes(
    few_interpreters: Path,
    kernel_of: KernelOf,
    venv: Callable[..., Path],
    site_of: Callable[[Path], Path],
    wheel: Callable[..., dict[str, str]],
    install: Callable[..., None],
    tmp_path: Path,
) -> None:
    python, cache = venv(few_interpreters), tmp_path / "cache"
    kernel = kernel_of(python)
    probe_kernel(kernel, cache_dir=cache)
    assert not list(cache.glob("*.json")), "what changed a moment ago must not be remembered"
    old(python.parent.parent)
    first = probe_kernel(kernel, cache_dir=cache)
    start = time.perf_counter()
    assert probe_kernel(kernel, cache_dir=cache) == first
    print(f"probe from the cache: {(time.perf_counter() - start) * 1000:.1f} ms")
    install(site_of(python), wheel("late", {"late.py": ""}))
    assert not probe_kernel(kernel, cache_dir=cache).missing("late")
    for kept in cache.glob("*.json"):
        kept.write_text("{")
    assert not probe_kernel(kernel, cache_dir=cache).missing("late")


def test_failures_are_one_clear_sentence(tmp_path: Path, kernel_of: KernelOf) -> None:
    def program(text: str) -> Path:
        path = tmp_path / "python3"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    with pytest.raises(InvalidInput, match="cannot be started"):
        probe_kernel(kernel_of(tmp_path / "gone" / "python3"))
    with pytest.raises(BackendError, match="stopped with an error: no lib"):
        probe_kernel(kernel_of(program("echo no lib >&2; exit 127")))
    with pytest.raises(BackendError, match="did not say what it is"):
        probe_kernel(kernel_of(program("echo hello")))
    with pytest.raises(InvalidInput, match="too old"):
        probe_kernel(kernel_of(program("echo 'SyntaxError: invalid syntax' >&2; exit 1")))
    start = time.perf_counter()
    with pytest.raises(BackendError, match="did not answer within"):
        probe_kernel(kernel_of(program("sleep 60 & sleep 60")), timeout=0.3)
    with pytest.raises(Aborted):
        probe_kernel(kernel_of(program("sleep 60")), cancelled=lambda: True)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7"])
def test_an_old_python_is_refused(version: str, kernel_of: KernelOf) -> None:
    root = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))) / "versions"
    found = sorted(root.glob(f"{version}.*/bin/python{version}"))
    if not found:
        pytest.skip(f"no Python {version} on this machine")
    with pytest.raises(InvalidInput, match="too old"):
        probe_kernel(kernel_of(found[-1]))
