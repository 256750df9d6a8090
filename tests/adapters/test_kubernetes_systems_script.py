"""scripts/test-systems.sh: exports what it starts, leaves alone what was there, stops its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "test-systems.sh"
FAKE = """#!/bin/sh
case $1 in
up) touch "$STATE/%(name)s"; echo noise; echo "export %(variable)s=$STATE/%(name)s" ;;
env) echo "export %(variable)s=$STATE/%(name)s" ;;
down) rm "$STATE/%(name)s" ;;
esac
"""


@pytest.fixture
def systems(tmp_path: Path) -> Path:
    for part, variable in (("engine/engine", "DOCKER_HOST"), ("kube/cluster", "KUBECONFIG")):
        program = tmp_path / part
        program.parent.mkdir()
        program.write_text(FAKE % {"name": program.name, "variable": variable})
        program.chmod(0o755)
    return tmp_path


def script(systems: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    told = {
        "PATH": os.environ["PATH"],
        "HOME": str(systems),
        "STATE": str(systems),
        "MODELPACK_TEST_SYSTEMS": str(systems),
        **environment,
    }
    return subprocess.run(
        ["bash", str(SCRIPT), *words], env=told, capture_output=True, text=True, check=True
    )


def test_it_exports_what_it_starts_and_stops_it(systems: Path) -> None:
    assert script(systems).stdout.splitlines() == [
        f"export DOCKER_HOST={systems}/engine",
        f"export KUBECONFIG={systems}/cluster",
    ]
    script(systems, "down")
    assert not (systems / "engine").is_file()
    assert not (systems / "cluster").is_file()
    script(systems, "down")


def test_what_the_environment_names_already_is_left_alone(systems: Path) -> None:
    assert "DOCKER_HOST" not in script(systems, DOCKER_HOST="unix:///mine").stdout
    script(systems, "down")
    assert not (systems / "cluster").is_file()


def test_where_nothing_is_there_it_says_so_and_goes_on(systems: Path) -> None:
    done = script(systems, MODELPACK_TEST_SYSTEMS=str(systems / "nowhere"))
    assert done.stdout == ""
    assert "tests that need one will say that they were skipped" in done.stderr
