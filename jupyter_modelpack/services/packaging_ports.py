"""What packaging needs of the world, each of it a port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.services.assembly import Assembled, Assembly
from jupyter_modelpack.services.contents import Contained
from jupyter_modelpack.services.inspecting import Inspector
from jupyter_modelpack.services.packaging_types import PackageRequest
from jupyter_modelpack.services.publishing import NOWHERE, Publisher
from jupyter_modelpack.services.steps import Step
from jupyter_modelpack.services.verification import Verification


class Verifier(Protocol):
    """Runs an image, sealed, and says what that shows."""

    def verify(
        self,
        assembled: Assembled,
        request: PackageRequest,
        step: Step,
        log: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> tuple[Verification, tuple[str, ...]]:
        """Return the verdict, and the modules that the image lacks."""


class Jobs(Protocol):
    """Compiles what a cluster runs."""

    def compile(self, record: Mapping[str, Any]) -> tuple[Mapping[str, bytes], str]:
        """Return file contents by format, and what to do about a format that is missing."""


class Releases(Protocol):
    """Keeps the records of packages."""

    def newest(self, name: str, line: str | None = None) -> Mapping[str, Any] | None:
        """Return the record with the highest version, on a line or, with an empty text, on none."""

    def by_digest(self, name: str, digest: str) -> Mapping[str, Any] | None:
        """Return the record of this very image."""

    def put(self, record: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        """Keep a record and its compiled files, all or nothing, in place of one of this digest."""


class Names(Protocol):
    """Names images in the store."""

    def alone(self, package: str) -> AbstractContextManager[None]:
        """Keep other processes from releasing the same package meanwhile."""

    def name(self, name: str, manifest: Descriptor) -> None:
        """Let ``name`` stand for the image."""


class Attestor(Protocol):
    """Puts evidence beside images."""

    def attest(self, record: Mapping[str, Any], request: PackageRequest) -> Mapping[str, str]:
        """Sign what the image was made of, and return what the record keeps of that."""


class Team(Protocol):
    """Sends packages to a team's release service."""

    def publish(
        self,
        record: Mapping[str, Any],
        tell: Callable[[str, float | None], None],
        cancelled: Callable[[], bool],
    ) -> Published:
        """Send one, and return what it is there; raises ModelPackError."""


class Published(Protocol):
    """What a package is where it was sent."""

    @property
    def version(self) -> str:
        """Its version there."""

    @property
    def sent(self) -> object:
        """What was sent, in words."""


@dataclass(frozen=True)
class Ports:
    """What packaging needs of the world."""

    inspector: Inspector
    contained: Contained
    assembly: Assembly
    verifier: Verifier
    jobs: Jobs
    releases: Releases
    names: Names
    evidence: Attestor
    monotonic: Callable[[], float]
    now: Callable[[], str]
    publisher: Publisher = NOWHERE
    team: Team | None = None
