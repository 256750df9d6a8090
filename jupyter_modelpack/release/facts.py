"""The facts a gate looks at: what was found out about one digest, and what surrounds it.

Everywhere None means "could not be found out", which refuses. Every part names the digest that it
was found out for, so that a gate can see when it is about other bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import Members
from jupyter_modelpack.release.environment import Slot


@dataclass(frozen=True)
class Blobs:
    """Whether every blob of an image has the right size, digest and diff_id; None: not computed."""

    digest: Digest
    sizes: bool | None
    digests: bool | None
    diff_ids: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Provenance:
    """What the provenance says, and whether its signature holds."""

    predicate_type: str
    subject: Digest
    builder: str
    notebook: Digest
    lock: Digest
    signature: bool | None


@dataclass(frozen=True)
class Contents:
    """The digests of the notebook and the lock that lie in the image itself."""

    digest: Digest
    notebook: Digest
    lock: Digest


@dataclass(frozen=True)
class Report:
    """A report on an image (secrets, or readiness), with how many of its findings block.

    ``allowed`` counts what looks like a secret and is marked by the author as none.
    """

    digest: Digest
    blocking: int
    allowed: int = 0


@dataclass(frozen=True)
class CellCheck:
    """One ``check`` cell's answer, and who added it where that is known."""

    cell: int
    passed: bool
    message: str = ""
    added_by: str = ""


@dataclass(frozen=True)
class Verification:
    """How the sealed run of an image went."""

    digest: Digest
    succeeded: bool
    sealed: bool
    reproduced: bool | None = None
    checks: tuple[CellCheck, ...] = ()
    metrics: Mapping[str, float | int] = field(default_factory=dict)


@dataclass(frozen=True)
class RunFact:
    """One finished run of an image in an environment."""

    digest: Digest
    environment: str
    succeeded: bool


@dataclass(frozen=True)
class OwnerCard:
    """Who answers for a release, how to reach them, and what to do when it fails."""

    name: str
    contact: str
    runbook: str


@dataclass(frozen=True)
class ReleaseFacts:
    """Everything known about a release; ``digest`` is what it was recorded with.

    ``resolved`` is what the reference resolved to, once, for these checks. ``problems`` says, by
    the code of a check, why its fact could not be found out.
    """

    package: str
    version: str
    digest: Digest
    author: Actor | None = None
    pusher: Actor | None = None
    resolved: Digest | None = None
    blobs: Blobs | None = None
    provenance: Provenance | None = None
    contents: Contents | None = None
    sbom: Digest | None = None
    secrets: Report | None = None
    readiness: Report | None = None
    verification: Verification | None = None
    runs: tuple[RunFact, ...] | None = None
    owner: OwnerCard | None = None
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Surroundings:
    """The state of the environments at one moment.

    ``slots`` and ``metrics`` are by environment: an absent slot is not known, an absent metrics
    entry too, and an empty one says that nothing is held. ``held`` are all digests that have held
    the target. ``policy`` is the digest of the policy that was last approved.
    """

    slots: Mapping[str, Slot] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, float | int]] = field(default_factory=dict)
    held: Collection[Digest] | None = None
    policy: Digest | None = None
    audit: bool | None = None
    members: Members | None = None
