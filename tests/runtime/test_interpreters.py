"""The runtime on every Python that is here, with the IPython that it gets."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.adapters.notebook_image import cell
from tests.runtime.conftest import VERSIONS, ipython_for, pyenv_python
from tests.runtime.notebook_runs import Runtime

WITHOUT_IPYTHON = ("command", "kubeflow", "manifest", "metrics", "notebook", "outputs", "recorder")
WITHOUT_IPYTHON += ("refusal", "stopping", "streams", "values", "watch", "workspace", "failure")
WITHOUT_IPYTHON += ("inputs",)
# the oldest, and the newest that is common; the others when MODELPACK_TEST_ALL_PYTHONS is set
RUN_ON = VERSIONS if os.environ.get("MODELPACK_TEST_ALL_PYTHONS") else ("3.8", "3.13")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_module_compiles_and_imports(version: str, runtime: Runtime) -> None:
    python = pyenv_python(version)
    package = runtime.root / "opt/modelpack/modelpack_runtime"
    program = (
        "import importlib, pathlib, sys\n"
        f"for path in sorted(pathlib.Path({str(package)!r}).glob('*.py')):\n"
        "    compile(path.read_bytes(), str(path), 'exec')\n"
        f"for name in {WITHOUT_IPYTHON!r}:\n"
        "    importlib.import_module('modelpack_runtime.' + name)\n"
    )
    subprocess.run(
        [str(python), "-B", "-W", "error", "-c", program],
        check=True,
        cwd=runtime.root / "opt/modelpack",
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_notebook_runs(version: str, runtime: Runtime, tmp_path: Path) -> None:
    if version not in RUN_ON and version != "3.14":
        pytest.skip(f"Python {version} runs when MODELPACK_TEST_ALL_PYTHONS is set")
    python = pyenv_python(version)
    ipython = ipython_for(python, version)
    runtime.package(
        [
            cell("rate = 1", "parameters"),
            cell("import asyncio\nawait asyncio.sleep(0)\nrate"),
            cell("from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\nprint(2)"),
            cell("%time x = 3\n!echo from a shell\nnames = !echo again\nprint(names)"),
            cell("%%bash\necho script"),
            cell("assert x == 4, 'not four'", "check"),
            cell("x", "metrics"),
            cell("import sys\n\n1 / 0"),
        ],
        parameters=[{"name": "rate", "type": "int", "default": 1}],
    )
    env = {"PYTHONPATH": str(ipython)}
    run = runtime.run(tmp_path / "work", "-p", "rate=5", python=str(python), env=env)
    assert run.code == 1, run.log
    assert run.result["error"]["ename"] == "ZeroDivisionError", run.log
    assert (run.result["error"]["cell"], run.result["error"]["line"]) == (8, 3)
    assert run.result["metrics"] == {"x": 3}
    assert run.result["checks"][0]["message"] == "not four"
    assert run.cells[2]["outputs"][0]["data"]["text/plain"] == "5"
    assert run.cells[3]["outputs"][0]["data"]["text/html"] == "<b>x</b>"
    assert "from a shell" in run.text(5)
    assert "['again']" in run.text(5)
    assert "script" in run.text(6)
    versions = subprocess.run(
        [str(python), "-c", "import IPython; print(IPython.__version__)"],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    print(f"ran on Python {version} with IPython {versions.stdout.strip()}")
