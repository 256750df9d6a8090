"""Small images for pushing, and a pace at which waiting takes no time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence

from jupyter_modelpack.oci.config import ImageConfig
from jupyter_modelpack.oci.image import Image, write_image
from jupyter_modelpack.oci.layer import write_layers
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Repository
from jupyter_modelpack.oci.referrer import Artifact, write_referrers
from jupyter_modelpack.oci.tree import File, Tree

PROVENANCE = "application/vnd.in-toto+json"
SBOM = "application/vnd.cyclonedx+json"


def make_image(layout: Layout, seed: int = 0, sizes: Sequence[int] = (90_000, 300_000)) -> Image:
    """Write an image with a layer of each size."""
    chance = random.Random(seed)
    trees = [
        Tree(f"part {n}", "code", (File(f"d/{n}", content=chance.randbytes(size)),))
        for n, size in enumerate(sizes)
    ]
    config = ImageConfig(entrypoint=("/d/0",), architecture="amd64")
    return write_image(write_layers(trees, layout), config, layout)


def make_evidence(layout: Layout, image: Image, seed: int = 0) -> None:
    """Write two referrers of the image."""
    write_referrers(
        layout,
        image.digest,
        [
            Artifact(PROVENANCE, b'{"seed": %d}' % seed, "application/vnd.in-toto.x+dsse"),
            Artifact(SBOM, b'{"bomFormat": "CycloneDX"}', SBOM, {"made": "now"}),
        ],
    )


def repository(host: str, path: str) -> Repository:
    return Repository(path, host)


class Pace:
    """Waiting takes no time but moves the clock, and chance is the seed's."""

    def __init__(self, seed: int = 0) -> None:
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self.waited: list[float] = []
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def now(self) -> float:
        return time.time() + self.ahead

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.waited.append(seconds)
            self.ahead += seconds

    def random(self) -> float:
        with self._lock:
            return self._chance.random()
