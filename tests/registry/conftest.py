"""Registries to test with: the double, docker-registry, and one that the environment names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.oci.layout import Layout
from tests.registry.double import Double, running
from tests.registry.images import Pace
from tests.registry.real import Real, start_real

KINDS = ("double", "double without referrers", "docker-registry", "named by the environment")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "store")


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """Debian's docker-registry on a free port, open to everybody."""
    with start_real(tmp_path_factory.mktemp("registry")) as started:
        yield started


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The host of a registry, one of each kind."""
    kind = request.param
    if kind == "docker-registry":
        yield request.getfixturevalue("real").host
    elif kind == "named by the environment":
        named = os.environ.get("MODELPACK_TEST_REGISTRY", "")
        if not named:
            print("skipped: MODELPACK_TEST_REGISTRY names no registry")
            pytest.skip("MODELPACK_TEST_REGISTRY names no registry")
        yield named
    else:
        with running(referrers="without" not in kind) as started:
            yield started.host


@pytest.fixture
def pace() -> Pace:
    return Pace()
