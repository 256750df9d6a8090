"""Fixtures for tests on a real cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes.clusters import Bench, Images, Namespace, require_cluster


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    registry = require_cluster()
    return Images(tmp_path_factory.mktemp("images"), registry)


@pytest.fixture(scope="module")
def namespace() -> Iterator[Namespace]:
    require_cluster()
    made = Namespace()
    yield made
    made.remove()


@pytest.fixture
def bench(tmp_path: Path, namespace: Namespace, images: Images) -> Iterator[Any]:
    made: list[Bench] = []

    def make(package: Any, name: str = "data", **settings: Any) -> Bench:
        place = tmp_path / name
        made.append(Bench(place, namespace.name, images.repository, package, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()
